"""The spiders of this repository's project: each a real application of the framework, run against the demo shop."""
