"""The product page: one book, its reviews and its neighbours, as HTML.

Pure: a book and its related books in, bytes out. `storefront` keeps the result, so that a page is rendered once.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from random import Random
from typing import Final

from framework.fastjson import orjson
from framework.testing.shop import prose
from framework.testing.shop.books import Book
from framework.testing.shop.layout import Layout, category_path

_STARS: Final = tuple("★" * n + "☆" * (5 - n) for n in range(6))
_FORMATS: Final = ("Hardback", "Paperback", "Large print")


def product_page(book: Book, related: Iterable[Book], layout: Layout) -> bytes:
    """Render a book's page; the same book always gives the same bytes."""
    rng = Random(book.id)  # noqa: S311 - repeatable text, nothing secret
    title, category = escape(book.title), escape(book.category)
    reviews = [_review(rng) for _ in range(rng.randrange(2, 7))]
    content = f"""<ul class="breadcrumb">
  <li><a href="/">Home</a></li>
  <li><a href="{category_path(book.category)}">{category}</a></li>
  <li class="active">{title}</li>
</ul>
<article class="product" data-id="{book.id}">
  <img class="cover" src="{book.image}" alt="Cover of {title}" width="120" height="160">
  <h1>{title}</h1>
  <p class="author">{escape(book.author)}</p>
  <p class="price">{book.price_text}</p>
  <p class="availability {"in-stock" if book.stock else "out-of-stock"}">{book.availability}</p>
  <p class="rating rating-{book.rating}" data-rating="{book.rating}">{_STARS[book.rating]}</p>
  <p><a class="sample" href="/files/{book.id}.pdf">Read a sample (PDF)</a></p>
  <h2>Description</h2>
  <div class="description">
{_paragraphs(book.description)}  </div>
  <h2>Product information</h2>
{_specs(book, len(reviews), rng.choice(_FORMATS))}  <h2>Reviews</h2>
  <section class="reviews">
{"".join(reviews)}  </section>
  <h2>Readers also liked</h2>
  <ul class="related">
{"".join(map(_related, related))}  </ul>
</article>
<script type="application/ld+json">{_linked_data(book)}</script>
"""
    return layout.page(book.title, content)


def _paragraphs(description: str) -> str:
    return "".join(f"    <p>{paragraph}</p>\n" for paragraph in description.split("\n\n"))


def _specs(book: Book, reviews: int, binding: str) -> str:
    rows = (
        ("upc", "UPC", book.upc),
        ("author", "Author", escape(book.author)),
        ("year", "Year of publication", book.year),
        ("pages", "Pages", book.pages),
        ("format", "Format", binding),
        ("price-net", "Price without tax", book.price_text),
        ("tax", "Tax", "£0.00"),
        ("stock", "Stock", book.stock),
        ("review-count", "Number of reviews", reviews),
    )
    body = "".join(f'    <tr><th>{label}</th><td class="{name}">{value}</td></tr>\n' for name, label, value in rows)
    return f'  <table class="specs">\n{body}  </table>\n'


def _review(rng: Random) -> str:
    stars = rng.randrange(1, 6)
    return f"""    <article class="review">
      <p class="reviewer">{prose.person(rng)}</p>
      <p class="stars" data-stars="{stars}">{_STARS[stars]}</p>
      <p class="text">{prose.paragraph(rng, rng.randrange(2, 6))}</p>
    </article>
"""


def _related(book: Book) -> str:
    title = escape(book.title)
    return f"""    <li>
      <a href="{book.url}"><img src="{book.image}" alt="" width="60" height="80"> {title}</a>
      <span class="price">{book.price_text}</span>
    </li>
"""


def _linked_data(book: Book) -> str:
    data = {
        "@context": "https://schema.org",
        "@type": "Book",
        "name": book.title,
        "isbn": book.upc,
        "author": {"@type": "Person", "name": book.author},
        "numberOfPages": book.pages,
        "offers": {"@type": "Offer", "price": str(book.price), "priceCurrency": "GBP"},
        "aggregateRating": {"@type": "AggregateRating", "ratingValue": book.rating, "bestRating": 5},
    }
    return orjson.dumps(data).decode()
