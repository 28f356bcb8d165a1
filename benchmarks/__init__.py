"""Benchmarks of fwk against bare loops and other crawlers: `python -m benchmarks.run --help`."""
