"""The spider classes that users derive from."""
