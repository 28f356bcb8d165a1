"""What every page of the shop has around its content: head, header, menu of categories, footer.

The part before the title and the parts that never change are joined once per catalogue (`Layout`), so that a page costs
its content and two concatenations.
"""

from __future__ import annotations

from html import escape
from typing import Final

from framework.testing.shop.books import Catalogue, slugify

SHOP_NAME: Final = "Paper Harbour Books"

_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="generator" content="demo shop">
  <link rel="icon" href="data:,">
  <style>
    body { font: 16px/1.5 Georgia, serif; margin: 0 auto; max-width: 70rem; color: #222; background: #fdfcf8 }
    header, footer { background: #20404f; color: #fff; padding: 1rem 2rem } header a, footer a { color: #ffe9b0 }
    nav.menu { float: left; width: 13rem; font-size: .9rem } main { margin-left: 14rem; padding: 1rem 2rem }
    ul.books { list-style: none; display: grid; grid-template-columns: repeat(4, 1fr); gap: 1rem; padding: 0 }
    table.specs th { text-align: left; padding-right: 2rem } .price { color: #9c2f1f; font-weight: bold }
    .review { border-top: 1px solid #ddd } .out-of-stock { color: #888 } ul.pager li { display: inline }
  </style>
  <title>"""
_HEADER: Final = f"""</title>
</head>
<body>
<header class="site">
  <p class="logo"><a href="/">{SHOP_NAME}</a></p>
  <p class="slogan">Every book there is, and some that there are not. Open all night, closed never.</p>
  <ul class="tools">
    <li><a href="/search">Search</a></li>
    <li><a href="/login">Log in</a></li>
    <li><a href="/account">Your account</a></li>
    <li><a href="/js/">New arrivals</a></li>
  </ul>
</header>
<nav class="menu">
  <h2>Categories</h2>
  <ul class="categories">
"""
_MENU_END: Final = """  </ul>
</nav>
<main>
"""
_FOOTER: Final = f"""</main>
<footer class="site">
  <div class="about">
    <h4>About us</h4>
    <p>{SHOP_NAME} is a bookshop that does not exist. It was founded by a random number generator in a year that nobody
    remembers, and has sold nothing since. Our prices include every tax that there is, and our staff have read each
    book as often as you have.</p>
  </div>
  <div class="help">
    <h4>Help</h4>
    <ul>
      <li><a href="/sitemap.xml">Site map</a></li>
      <li><a href="/private/staff.html">Staff only</a></li>
      <li><a href="mailto:hello@shop.invalid">Write to us</a></li>
      <li><a href="#top">Back to the top</a></li>
    </ul>
  </div>
  <p class="small">No cookies were harmed in the making of this page. Free delivery within the harbour area. Opening
  hours: whenever the process runs.</p>
</footer>
</body>
</html>
"""


def category_path(category: str) -> str:
    """Give the path of a category's first page."""
    return f"/category/{slugify(category)}/"


class Layout:
    """The frame of one shop's pages."""

    def __init__(self, books: Catalogue) -> None:
        menu = "".join(
            f'    <li><a href="{category_path(name)}">{escape(name)}</a></li>\n' for name in books.categories
        )
        self._before_content = _HEADER + menu + _MENU_END

    def page(self, title: str, content: str) -> bytes:
        """Put the frame around a page's content.

        :param title: text of the `<title>`, escaped here
        :param content: HTML of the page's main part
        """
        return f"{_HEAD}{escape(title)} | {SHOP_NAME}{self._before_content}{content}{_FOOTER}".encode()


def plain_page(title: str, content: str) -> bytes:
    """Make a bare HTML page for the pages that exist to be tested against, not to be looked at."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
        f"<body>\n<h1>{escape(title)}</h1>\n{content}\n</body></html>\n"
    ).encode()
