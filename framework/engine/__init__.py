"""The loop of a crawl and the life of one request."""
