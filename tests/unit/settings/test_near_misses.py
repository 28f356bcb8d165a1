"""Misspellings are caught, users' own names are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.settings import builtin_catalogue
from framework.settings.near_misses import edits, near_miss
from framework.settings.scrapy_names import NAMES

EXAMPLES = {option.name: option.example for option in builtin_catalogue()}
KNOWN = [*EXAMPLES, *NAMES]

TYPOS = {
    "CONCURENT_REQUESTS": "CONCURRENT_REQUESTS",
    "CONCURRENT_REQUEST": "CONCURRENT_REQUESTS",
    "CONCURRENT_REQESTS": "CONCURRENT_REQUESTS",
    "CONCURRENTREQUESTS": "CONCURRENT_REQUESTS",
    "CONCURRENT_REQUESTS_PER_DOMIAN": "CONCURRENT_REQUESTS_PER_DOMAIN",
    "CONCURRENT_REQUEST_PER_DOMAIN": "CONCURRENT_REQUESTS_PER_DOMAIN",
    "CONCURRENT_REQUESTS_PER_DOMAINS": "CONCURRENT_REQUESTS_PER_DOMAIN",
    "DOWNLOAD_DELY": "DOWNLOAD_DELAY",
    "DOWNLAOD_DELAY": "DOWNLOAD_DELAY",
    "DOWNLOAD_DEALY": "DOWNLOAD_DELAY",
    "DOWNLOAD_TIME_OUT": "DOWNLOAD_TIMEOUT",
    "DOWNLOAD_TIMEOUTS": "DOWNLOAD_TIMEOUT",
    "DOWNLOADER_MIDDLEWARE": "DOWNLOADER_MIDDLEWARES",
    "DOWNLOAD_MIDDLEWARES": "DOWNLOADER_MIDDLEWARES",
    "SPIDER_MIDDLEWARE": "SPIDER_MIDDLEWARES",
    "ITEM_PIPELINE": "ITEM_PIPELINES",
    "ITEM_PIPLINES": "ITEM_PIPELINES",
    "ITEMS_PIPELINES": "ITEM_PIPELINES",
    "ROBOTS_TXT_OBEY": "ROBOTSTXT_OBEY",
    "ROBOTSTXT_OBAY": "ROBOTSTXT_OBEY",
    "ROBOTXT_OBEY": "ROBOTSTXT_OBEY",
    "COOKIE_ENABLED": "COOKIES_ENABLED",
    "COOKIES_ENABLE": "COOKIES_ENABLED",
    "RETRY_TIME": "RETRY_TIMES",
    "RETRIES_ENABLED": "RETRY_ENABLED",
    "RETRY_HTTP_CODE": "RETRY_HTTP_CODES",
    "USERAGENT": "USER_AGENT",
    "USER_AGNET": "USER_AGENT",
    "LOGLEVEL": "LOG_LEVEL",
    "LOG_LEVLE": "LOG_LEVEL",
    "LOG_FIEL": "LOG_FILE",
    "LOG_LEVELL": "LOG_LEVEL",
    "log_level": "LOG_LEVEL",
    "REFERER_POLICY": "REFERRER_POLICY",
    "REFERRER_ENABLED": "REFERER_ENABLED",
    "CLOSE_SPIDER_ITEMCOUNT": "CLOSESPIDER_ITEMCOUNT",
    "CLOSESPIDER_ITEM_COUNT": "CLOSESPIDER_ITEMCOUNT",
    "CLOSE_SPIDER_ITEMCOUNTT": "CLOSESPIDER_ITEMCOUNT",
    "DEFAULT_REQUESTS_HEADERS": "DEFAULT_REQUEST_HEADERS",
    "DEFAULT_REQUEST_HEADER": "DEFAULT_REQUEST_HEADERS",
    "HTTPERROR_ALLOW_CODES": "HTTPERROR_ALLOWED_CODES",
    "DEPHT_LIMIT": "DEPTH_LIMIT",
    "RANDOMISE_DOWNLOAD_DELAY": "RANDOMIZE_DOWNLOAD_DELAY",
    "FEED_EXPORT_ENCODNG": "FEED_EXPORT_ENCODING",
    "FEEED_STORE_EMPTY": "FEED_STORE_EMPTY",
    "NEW_SPIDER_MODULE": "NEWSPIDER_MODULE",
    "EXTENTIONS": "EXTENSIONS",
}

INNOCENT = [
    "SHOP_API_KEY",
    "MY_RETRY_TIMES",
    "RETRY_TIMES_2",
    "RETRY_TIMES_SHOP",
    "A_RETRY_TIMES",
    "SHOP_DELAY",
    "SHOP_DOWNLOAD_DELAY",
    "UPLOAD_DELAY",
    "PRICE_FILE",
    "BLOG_LEVEL",
    "BLOG_FILE",
    "DOG_FILE",
    "LOG_TITLE",
    "LOG_FIRE",
    "LOG_BUCKET",
    "BOX_NAME",
    "BOT_GAME",
    "BOT_TOKEN",
    "USER_AGENT2",
    "USER_EVENT",
    "DB_TIMEOUT",
    "TLS_TIMEOUT",
    "DOWNLOAD_MINSIZE",
    "DOWNLOAD_DIR",
    "DOWNLOAD_FOLDER",
    "CONCURRENT_UPLOADS",
    "MAX_CONCURRENT_REQUESTS",
    "PROXY_LIST",
    "PROXIES",
    "MYSQL_URI",
    "MYSQL_DATABASE",
    "REDIS_URL",
    "IMAGES_DIR",
    "FEED_BUCKET",
    "ITEM_CLASSES",
    "ITEM_LIMIT",
    "RETRY_BUDGET",
    "START_PAGE",
    "PROGRESS_FILE",
    "LOOPS",
    "TOKEN",
    "ENVIRONMENT",
    "DEBUG",
    "BASE_DIR",
    "SENTRY_DSN",
    "CRAWL_BORDER",
]


@pytest.mark.parametrize(("name", "meant"), TYPOS.items())
def test_a_misspelling_is_recognised(name, meant):
    assert near_miss(name, KNOWN, None, EXAMPLES) == meant


@pytest.mark.parametrize("name", INNOCENT)
def test_a_users_own_name_is_left_alone(name):
    assert near_miss(name, KNOWN, "x", EXAMPLES) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("USER_AGENTS", ["a", "b"]),
        ("BOT_NAMES", ("a", "b")),
        ("LOG_FILES", {"a": "b"}),
        ("FEED", "https://shop.example/feed.xml"),
        ("EXTENSION", ".csv"),
        ("EXTENSION", ["csv"]),
        ("SPIDER_MODULE", 3),
    ],
)
def test_a_value_of_another_shape_makes_a_name_the_users_own(name, value):
    assert near_miss(name, KNOWN, value, EXAMPLES) is None


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("USER_AGENTS", "fwk", "USER_AGENT"),
        ("FEED", {"a.json": {}}, "FEEDS"),
        ("FEED", '{"a.json": {}}', "FEEDS"),
        ("SPIDER_MODULE", "spiders", "SPIDER_MODULES"),
        ("SPIDER_MODULE", ["spiders"], "SPIDER_MODULES"),
        ("RETRY_TIME", 3, "RETRY_TIMES"),
    ],
)
def test_a_value_of_the_same_shape_makes_a_near_name_a_misspelling(name, value, meant):
    assert near_miss(name, KNOWN, value, EXAMPLES) == meant


@given(name=st.sampled_from([name for name in EXAMPLES if len(name) > 11]), data=st.data())
@settings(max_examples=100)
def test_two_swapped_letters_of_a_long_name_are_recognised(name, data):
    at = data.draw(st.integers(0, len(name) - 2).filter(lambda i: "_" not in name[i : i + 2]))
    swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]

    assert near_miss(swapped, KNOWN) is not None


@given(left=st.text("AB_", max_size=6), right=st.text("AB_", max_size=6))
@settings(max_examples=100)
def test_the_distance_is_symmetric_and_zero_only_for_the_same(left, right):
    assert edits(left, right) == edits(right, left)
    assert (edits(left, right) == 0) == (left == right)


@pytest.mark.parametrize(
    ("left", "right", "distance"), [("", "ABC", 3), ("AB", "BA", 1), ("KITTEN", "SITTING", 3), ("LEVEL", "LEVLE", 1)]
)
def test_known_distances(left, right, distance):
    assert edits(left, right) == distance


def test_the_nearest_of_several_is_chosen():
    for known in (["DOWNLOADER_X", "DOWNLOADEDS_X"], ["DOWNLOADEDS_X", "DOWNLOADER_X"]):
        assert near_miss("DOWNLOADED_X", known) == "DOWNLOADEDS_X"
    assert near_miss("NOTHING_LIKE_IT", KNOWN) is None
