"""fwk: a Scrapy-style crawling framework on asyncio."""
