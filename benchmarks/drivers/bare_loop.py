"""The hand-written crawler: aiohttp on uvloop, a set of seen URLs, a JSON line a page, and nothing else.

Run as a script by the benchmark, as `bare_loop.py PARSER START_URL PAGES OUTPUT`. With parser `lxml` (XPath compiled
beforehand) it is the yardstick of the project; `parsel` is what most people write; `none` fetches the known pages
only, and so is the limit of the network client.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import BinaryIO
from urllib.parse import urljoin

import aiohttp
import orjson
import uvloop

CONCURRENCY = 100
Page = tuple[dict[str, str], list[str]]
Parse = Callable[[str, bytes], Page]


def lxml_parser() -> Parse:
    """Give a function that takes fields and links from a page by XPath compiled once."""
    from lxml import etree

    title = etree.XPath("//h1/text()", smart_strings=False)
    price = etree.XPath("//p[@class='price']/text()", smart_strings=False)
    text = etree.XPath("//p[@class='text']/text()", smart_strings=False)
    parser = etree.HTMLParser(encoding="utf-8")
    hrefs = etree.XPath("//a/@href", smart_strings=False)

    def parse(url: str, body: bytes) -> Page:
        tree = etree.fromstring(body, parser)
        item = {"url": url, "title": title(tree)[0], "price": price(tree)[0], "text": text(tree)[0]}
        return item, [urljoin(url, href) for href in hrefs(tree)]

    return parse


def parsel_parser() -> Parse:
    """Give a function that takes fields and links from a page by parsel's CSS selectors."""
    from parsel import Selector

    def parse(url: str, body: bytes) -> Page:
        page = Selector(text=body.decode())
        item = {
            "url": url,
            "title": page.css("h1::text").get(""),
            "price": page.css(".price::text").get(""),
            "text": page.css(".text::text").get(""),
        }
        return item, [urljoin(url, href) for href in page.css("a::attr(href)").getall()]

    return parse


async def crawl(start_url: str, parse: Parse, out: BinaryIO) -> None:
    """Fetch every page that is reachable from the start, once, and write one item for each."""
    seen = {start_url}
    queue: asyncio.Queue[str] = asyncio.Queue()
    queue.put_nowait(start_url)

    def keep(url: str, body: bytes) -> None:
        item, found = parse(url, body)
        out.write(orjson.dumps(item) + b"\n")
        for link in found:
            if link not in seen:
                seen.add(link)
                queue.put_nowait(link)

    async def worker(session: aiohttp.ClientSession) -> None:
        while True:
            url = await queue.get()
            async with session.get(url) as response:
                response.raise_for_status()
                keep(url, await response.read())
            queue.task_done()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:
        workers = [asyncio.ensure_future(worker(session)) for _ in range(CONCURRENCY)]
        everything = asyncio.ensure_future(queue.join())
        await asyncio.wait([everything, *workers], return_when=asyncio.FIRST_COMPLETED)
        for task in [everything, *workers]:
            task.cancel()
        ended = await asyncio.gather(everything, *workers, return_exceptions=True)
        failures = [e for e in ended if isinstance(e, Exception)]
        if failures:
            raise failures[0]


async def fetch_only(start_url: str, pages: int) -> None:
    """Fetch pages 0 to `pages` - 1 and throw their bodies away."""
    numbers = iter(range(pages))

    async def worker(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            async with session.get(urljoin(start_url, f"{number}.html")) as response:
                response.raise_for_status()
                await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:
        await asyncio.gather(*(worker(session) for _ in range(CONCURRENCY)))


def main(parser: str, start_url: str, pages: int, output: str) -> None:
    """Crawl with the named parser into `output`."""
    parse = {"lxml": lxml_parser, "parsel": parsel_parser}.get(parser)
    work = parse() if parse else None
    with open(output, "wb") as out:
        with open(os.environ["BENCH_STAMP"], "w", encoding="ascii") as stamp:
            stamp.write(f"{time.monotonic()} {time.process_time()}")
        uvloop.run(crawl(start_url, work, out) if work else fetch_only(start_url, pages))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
