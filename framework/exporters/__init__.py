"""Exporters: what a file of items looks like. Usable alone, and by the feeds.

Place in the flow: a feed (``framework.feeds``) gives an exporter a buffer and hands it items; a script or a pipeline
of your own may give it any file opened in binary mode::

    with open("books.csv", "wb") as file:
        exporter = CsvItemExporter(file, fields_to_export=["title", "price"])
        exporter.start_exporting()
        exporter.export_item({"title": "Persuasion", "price": 4})
        exporter.finish_exporting()

Names and arguments are those that Scrapy documents under "Item Exporters". Items may be of any kind that
``itemadapter`` knows: dict, ``Item``, dataclass, attrs, Pydantic.
"""

from .columns import CsvItemExporter
from .documents import JsonItemExporter, JsonLinesItemExporter
from .fields import BaseItemExporter
from .markup import XmlItemExporter
from .plain import PprintItemExporter, PythonItemExporter

__all__ = [
    "BaseItemExporter",
    "CsvItemExporter",
    "JsonItemExporter",
    "JsonLinesItemExporter",
    "PprintItemExporter",
    "PythonItemExporter",
    "XmlItemExporter",
]
