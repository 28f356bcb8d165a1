"""Where output files go: the feed sink and its storages."""
