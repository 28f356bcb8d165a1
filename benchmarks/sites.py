"""The two sites that every driver crawls, made by arithmetic: the same pages on every machine.

First stop of a benchmark run: `write` puts a site's pages into a folder for the server, `digest` says what a
correct crawl of it must have produced. All pages are reachable from /p/0.html; most links are repeats.
"""

import hashlib
import json
import os
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

START_PATH = "/p/0.html"
_FORMAT = 1  # part of a site's folder name: raise it when the pages change
_CHILDREN = 2  # links of the tree that makes every page reachable
_WORDS = """
    river copper lantern orchard silent harbour velvet granite meadow cipher ember willow compass feather
    marble thunder saffron canyon whisper anchor juniper beacon cobalt prairie hollow cinder glacier tundra
""".split()  # noqa: SIM905

_ASIDES = (("span", ""), ("b", ""), ("div", ' class="about"'), ("i", ""), ("span", ' class="tag"'))


@dataclass(frozen=True)
class Site:
    """A site's size: how many pages, how many links a page, and about how many bytes."""

    name: str
    pages: int
    links: int
    page_bytes: int
    text_words: int

    def scaled(self, scale: float) -> "Site":
        """Give the same kind of site with fewer (or more) pages, at least 20."""
        return replace(self, pages=max(20, round(self.pages * scale)))


SITES = {
    "S": Site("S", pages=20_000, links=10, page_bytes=2_000, text_words=60),
    "L": Site("L", pages=5_000, links=100, page_bytes=46_000, text_words=120),
}


@dataclass(frozen=True)
class Fields:
    """What a driver must take from one page: its path and the three fields of its item."""

    path: str
    title: str
    price: str
    text: str


def _dice(site: Site, number: int, purpose: str) -> random.Random:
    return random.Random(f"{site.name}/{purpose}/{number}")  # a str seed is hashed alike on every machine


def _prose(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(_WORDS, k=words))


def path_of(number: int) -> str:
    """Give the path of page `number`."""
    return f"/p/{number}.html"


def fields(site: Site, number: int) -> Fields:
    """Give what is to be found on page `number`, without its markup."""
    dice = _dice(site, number, "fields")
    title = f"{_prose(dice, 3).capitalize()} no. {number}"
    price = f"£{dice.randrange(1, 200)}.{dice.randrange(100):02d}"
    return Fields(path_of(number), title, price, _prose(dice, site.text_words))


def links(site: Site, number: int) -> list[int]:
    """Give the pages that page `number` links to: its two children in a tree, the rest pseudo-random."""
    first = _CHILDREN * number + 1
    children = [child for child in range(first, first + _CHILDREN) if child < site.pages]
    dice = _dice(site, number, "links")
    found = children + [dice.randrange(site.pages) for _ in range(site.links - len(children))]
    dice.shuffle(found)
    return found


def page(site: Site, number: int) -> bytes:
    """Write page `number` as UTF-8 HTML of about `site.page_bytes` bytes, links spread over the whole page."""
    wanted = fields(site, number)
    head = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{wanted.title}</title></head>\n<body>\n'
        f'<h1>{wanted.title}</h1>\n<p class="price">{wanted.price}</p>\n<p class="text">{wanted.text}</p>\n<ul>\n'
    )
    tail = "</ul>\n</body>\n</html>\n"
    targets = links(site, number)
    share_bytes = (site.page_bytes - len(head.encode()) - len(tail)) // len(targets)
    dice = _dice(site, number, "filler")
    cards = "".join(_card(target, share_bytes, dice) for target in targets)
    return (head + cards + tail).encode()


def _card(target: int, share_bytes: int, dice: random.Random) -> str:
    """Write one link, and as many small elements beside it as fill its share of the page."""
    label = f"{dice.choice(_WORDS)} {target}"
    opening = f'<li class="card"><a href="{path_of(target)}">{label}</a>'
    closing = "</li>\n"
    parts = [opening]
    room_bytes = share_bytes - len(opening) - len(closing)
    while room_bytes > 14:
        tag, kind = dice.choice(_ASIDES)
        parts.append(f"<{tag}{kind}>{_prose(dice, 2)}</{tag}>")
        room_bytes -= len(parts[-1])
    return "".join(parts) + closing


def write(site: Site, folder: Path) -> Path:
    """Write the site below `folder` unless it is there already; gives the folder that a server should serve."""
    root = folder / f"{site.name}-{site.pages}-v{_FORMAT}"
    if (root / "complete").exists():
        return root
    (root / "p").mkdir(parents=True, exist_ok=True)
    (root / "robots.txt").write_text("User-agent: *\nDisallow: /private/\nAllow: /\n", encoding="ascii")
    for number in range(site.pages):
        (root / path_of(number)[1:]).write_bytes(page(site, number))
    (root / "complete").touch()
    os.sync()  # so that the first crawl does not share the disk with the writing
    return root


def _digest(rows: Iterable[tuple[str, str, str, str]]) -> str:
    return hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest()


def digest(site: Site) -> str:
    """Give the digest over the items of a correct crawl, in any order."""
    found = (fields(site, number) for number in range(site.pages))
    return _digest((one.path, one.title, one.price, one.text) for one in found)


def digest_of_items(items: Iterable[dict[str, str]]) -> str:
    """Give the digest over crawled items with the keys path, title, price and text."""
    return _digest((item["path"], item["title"], item["price"], item["text"]) for item in items)
