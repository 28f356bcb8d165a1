"""The item pipelines of this repository's project."""
