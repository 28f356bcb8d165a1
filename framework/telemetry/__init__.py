"""Stats, progress, logs and the summary of a crawl."""
