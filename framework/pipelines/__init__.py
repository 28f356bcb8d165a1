"""The item pipeline chain and the built-in pipelines."""
