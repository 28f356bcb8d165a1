"""The built-in spider middlewares, one file each."""
