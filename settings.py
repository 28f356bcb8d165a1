"""The settings of this repository's own project, of the same shape as one that `fwk startproject` makes.

Its spiders crawl the demo shop (`fwk shop`); `fwk settings --all` shows every option, `fwk settings NAME` explains one.
"""

BOT_NAME = "fwk-demo"
SPIDER_MODULES = ["spiders"]
NEWSPIDER_MODULE = "spiders"

# Where the demo shop is, and the secret that requests to its JSON API are signed with. Names of our own.
SHOP_URL = "http://127.0.0.1:8000"
SHOP_API_SECRET = "demo-secret"  # noqa: S105 - the demo shop's, known to everybody

# The shop is ours and on this machine: no delay. Its robots.txt is followed all the same.
USER_AGENT = "fwk-demo (the demo project of fwk; crawls its own shop only)"
ROBOTSTXT_OBEY = True
CONCURRENT_REQUESTS_PER_DOMAIN = 16

DOWNLOADER_MIDDLEWARES = {
    "middlewares.sign.SignMiddleware": 450,
}
ITEM_PIPELINES = {
    "pipelines.price.PriceCheckPipeline": 300,
}

# For spiders with the MongoDB pipeline (spiders/books.py has it): a small server that speaks MongoDB's protocol,
# started and ended with each crawl; its data is in the job's folder. Of your own: "mongodb://localhost:27017".
MONGO_URI = "embedded"
