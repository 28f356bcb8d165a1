"""The fwk command: one file a command, loaded only when called."""
