"""The downloader middlewares of this repository's project."""
