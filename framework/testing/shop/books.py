"""The shop's truth: which books exist and what is known of each.

Book *i* is computed from the seed and *i* alone, and so is the k-th book of a category: a catalogue of a million books
takes no memory and no time until somebody asks for one. `pages` shows these books, tests compare against them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any, Final, overload

from framework.testing.shop import prose

_UPC_SPACE: Final = 10**9
_UPC_STEP: Final = 387_420_489  # odd and not a multiple of 5, so that stepping through the space repeats nothing
_BOOKS_KEPT: Final = 16_384
_STREAM: Final = 2**40
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_LETTERS_WITHOUT_DECOMPOSITION = str.maketrans({"ø": "o", "Ø": "O", "ı": "i", "'": None, "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Book:
    """One book, as the shop knows it.

    `price` is in pounds; `image` and `url` are paths.
    """

    id: int
    upc: str
    title: str
    author: str
    category: str
    price: Decimal
    rating: int
    stock: int
    year: int
    pages: int

    @property
    def description(self) -> str:
        """Paragraphs with an empty line between two; made when asked for, being most of a book's cost."""
        rng = Random(int(self.upc))  # noqa: S311 - repeatable text, nothing secret
        return "\n\n".join(prose.paragraph(rng, rng.randrange(4, 8)) for _ in range(rng.randrange(2, 5)))

    @property
    def slug(self) -> str:
        """The part of the path which is there for people."""
        return slugify(self.title)

    @property
    def url(self) -> str:
        """The path of the product page."""
        return f"/book/{self.id}-{self.slug}.html"

    @property
    def image(self) -> str:
        """The path of the cover."""
        return f"/images/{self.id}.png"

    @property
    def price_text(self) -> str:
        """The price as the page shows it: `£12.34`."""
        return f"£{self.price}"

    @property
    def availability(self) -> str:
        """The text of `.availability`."""
        return f"In stock ({self.stock} available)" if self.stock else "Out of stock"

    def to_item(self) -> dict[str, Any]:
        """Give what a correct crawl of the product page gives; every value is a JSON type."""
        return {
            "url": self.url,
            "id": self.id,
            "upc": self.upc,
            "title": self.title,
            "author": self.author,
            "category": self.category,
            "price": self.price_text,
            "price_value": float(self.price),
            "rating": self.rating,
            "stock": self.stock,
            "year": self.year,
            "pages": self.pages,
            "description": self.description,
            "image": self.image,
        }


@lru_cache(maxsize=_BOOKS_KEPT)
def slugify(text: str) -> str:
    """Turn a title or category into lower-case ASCII words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS_WITHOUT_DECOMPOSITION))
    ascii_only = plain.encode("ascii", "ignore").decode("ascii").lower()
    return _NOT_SLUG.sub("-", ascii_only).strip("-")


class Catalogue(Sequence[Book]):
    """`n` books of one seed, each made when asked for; the last few thousand are kept.

    Categories are dealt out in blocks: each block of 25 neighbouring books holds every category once, in a rotation of
    its own. This makes "the k-th book of a category" a formula instead of a list.
    """

    def __init__(self, n: int, seed: int) -> None:
        if n < 0:
            raise ValueError(f"a shop cannot have {n} books: give 0 or more")
        self._n = n
        self.seed = seed
        self._make = lru_cache(maxsize=_BOOKS_KEPT)(self._compute)

    def __len__(self) -> int:
        return self._n

    def __repr__(self) -> str:
        return f"Catalogue({self._n} books, seed={self.seed})"

    def __iter__(self) -> Iterator[Book]:
        return map(self._compute, range(self._n))

    @overload
    def __getitem__(self, index: int) -> Book: ...
    @overload
    def __getitem__(self, index: slice) -> list[Book]: ...
    def __getitem__(self, index: int | slice) -> Book | list[Book]:
        if isinstance(index, slice):
            return [self._make(i) for i in range(*index.indices(self._n))]
        position = index + self._n if index < 0 else index
        if not 0 <= position < self._n:
            raise IndexError(f"book {index} of {self._n}")
        return self._make(position)

    def by_id(self, book_id: int) -> Book | None:
        """Give the book with this id (they run from 1), or None."""
        return self._make(book_id - 1) if 1 <= book_id <= self._n else None

    @property
    def categories(self) -> list[str]:
        """The categories that hold at least one book, in the order of the menu."""
        return [name for number, name in enumerate(prose.CATEGORIES) if self.count_in(number)]

    def count_in(self, category: int) -> int:
        """Count the books of a category, named by its position in `prose.CATEGORIES`."""
        blocks, rest = divmod(self._n, len(prose.CATEGORIES))
        return blocks + (self._offset(category, blocks) < rest)

    def in_category(self, category: int, start: int, stop: int) -> list[Book]:
        """Give the books number `start` to `stop` (not included) of a category."""
        size = len(prose.CATEGORIES)
        last = min(stop, self.count_in(category))
        return [self._make(block * size + self._offset(category, block)) for block in range(start, last)]

    def place_of(self, book: Book) -> tuple[int, int]:
        """Give a book's category as a number and its place in that category, from 0."""
        block, offset = divmod(book.id - 1, len(prose.CATEGORIES))
        return (offset + self._rotation(block)) % len(prose.CATEGORIES), block

    def _rotation(self, block: int) -> int:
        return (block * 2_654_435_761 + self.seed * 40_503 >> 7) % len(prose.CATEGORIES)

    def _offset(self, category: int, block: int) -> int:
        return (category - self._rotation(block)) % len(prose.CATEGORIES)

    def _compute(self, index: int) -> Book:
        rng = Random(self.seed * _STREAM + index)  # noqa: S311 - repeatable books, nothing secret
        block, offset = divmod(index, len(prose.CATEGORIES))
        return Book(
            id=index + 1,
            upc=_upc(index, self.seed),
            title=prose.title(rng),
            author=prose.person(rng),
            category=prose.CATEGORIES[(offset + self._rotation(block)) % len(prose.CATEGORIES)],
            price=Decimal(rng.randrange(399, 8_999)).scaleb(-2),
            rating=rng.randrange(1, 6),
            stock=max(0, rng.randrange(-3, 60)),
            year=rng.randrange(1924, 2025),
            pages=rng.randrange(80, 900),
        )


def _upc(index: int, seed: int) -> str:
    """Make a 13-digit number with a valid ISBN-13 check digit, different for each index below 10**9."""
    digits = f"978{(index * _UPC_STEP + seed * 7_919) % _UPC_SPACE:09d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def catalogue(n: int, seed: int) -> Catalogue:
    """Give the books of a shop with `n` books and this seed; the same arguments always give the same books."""
    return Catalogue(n, seed)
