"""The names that users import are pinned: one that disappears or comes in is a decision, not an accident."""

import importlib

import pytest

import framework

TOP = {"Field", "FormRequest", "Item", "JsonRequest", "Request", "Selector", "Spider", "__version__", "version_info"}

MODULES = {
    "framework.http": {
        "FormRequest",
        "Headers",
        "HtmlResponse",
        "JsonRequest",
        "JsonResponse",
        "Request",
        "Response",
        "TextResponse",
        "XmlResponse",
    },
    "framework.spiders": {"Spider"},
}

SCRAPY_PATHS = {
    "framework.crawler": ["Crawler", "CrawlerProcess"],
    "framework.dupefilters": ["BaseDupeFilter", "RFPDupeFilter"],
    "framework.exceptions": [
        "CloseSpider",
        "DontCloseSpider",
        "DropItem",
        "IgnoreRequest",
        "NotConfigured",
        "NotSupported",
        "StopDownload",
    ],
    "framework.exporters": [
        "BaseItemExporter",
        "CsvItemExporter",
        "JsonItemExporter",
        "JsonLinesItemExporter",
        "PprintItemExporter",
        "PythonItemExporter",
        "XmlItemExporter",
    ],
    "framework.extensions.postprocessing": ["Bz2Plugin", "GzipPlugin", "LZMAPlugin"],
    "framework.http.request": ["Request", "NO_CALLBACK"],
    "framework.http.request.form": ["FormRequest"],
    "framework.http.request.json_request": ["JsonRequest"],
    "framework.http.response": ["Response"],
    "framework.http.response.html": ["HtmlResponse"],
    "framework.http.response.text": ["TextResponse"],
    "framework.http.response.xml": ["XmlResponse"],
    "framework.item": ["Field", "Item"],
    "framework.link": ["Link"],
    "framework.selector": ["Selector", "SelectorList"],
    "framework.settings": ["BaseSettings", "Settings"],
    "framework.signalmanager": ["SignalManager"],
    "framework.statscollectors": ["DummyStatsCollector", "MemoryStatsCollector", "StatsCollector"],
    "framework.downloadermiddlewares.cookies": ["CookiesMiddleware"],
    "framework.downloadermiddlewares.defaultheaders": ["DefaultHeadersMiddleware"],
    "framework.downloadermiddlewares.downloadtimeout": ["DownloadTimeoutMiddleware"],
    "framework.downloadermiddlewares.httpauth": ["HttpAuthMiddleware"],
    "framework.downloadermiddlewares.offsite": ["OffsiteMiddleware"],
    "framework.downloadermiddlewares.redirect": ["MetaRefreshMiddleware", "RedirectMiddleware"],
    "framework.downloadermiddlewares.retry": ["RetryMiddleware", "get_retry_request"],
    "framework.downloadermiddlewares.robotstxt": ["RobotsTxtMiddleware"],
    "framework.downloadermiddlewares.stats": ["DownloaderStats"],
    "framework.downloadermiddlewares.useragent": ["UserAgentMiddleware"],
    "framework.spidermiddlewares.base": ["BaseSpiderMiddleware"],
    "framework.spidermiddlewares.depth": ["DepthMiddleware"],
    "framework.spidermiddlewares.httperror": ["HttpError", "HttpErrorMiddleware"],
    "framework.spidermiddlewares.referer": ["RefererMiddleware"],
    "framework.spidermiddlewares.start": ["StartSpiderMiddleware"],
    "framework.spidermiddlewares.urllength": ["UrlLengthMiddleware"],
}


def test_the_top_exports_what_a_spider_needs():
    assert set(framework.__all__) == TOP
    assert all(getattr(framework, name) is not None for name in TOP)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_exports_just_these_names(module):
    assert set(importlib.import_module(module).__all__) == MODULES[module]


@pytest.mark.parametrize("module", SCRAPY_PATHS)
def test_names_are_found_where_scrapy_has_them(module):
    imported = importlib.import_module(module)

    assert [name for name in SCRAPY_PATHS[module] if not hasattr(imported, name)] == []


def test_an_unknown_name_of_the_top_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Sipder'"):
        framework.Sipder  # noqa: B018
