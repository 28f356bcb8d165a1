"""The built-in downloader middlewares, one file each."""
