"""Encoded pages hold their text in their encoding, and say so in one way only."""

from __future__ import annotations

import pytest

from framework.testing.shop.encodings import TEXTS, WAYS, encoded_page

POSSIBLE = {(name, by) for name in TEXTS for by in ("header", "meta")} - {("utf-16", "meta")}
POSSIBLE |= {("utf-8", "bom"), ("utf-16", "bom")}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("by", WAYS)
def test_a_pair_gives_a_page_or_is_refused(name: str, by: str) -> None:
    page = encoded_page(name, by)

    assert (page is not None) == ((name, by) in POSSIBLE)
    if page is not None:
        assert ("charset" in page.content_type) == (by == "header")
        assert TEXTS[name] in page.body.decode("utf-16-le" if name == "utf-16" else name)


def test_each_text_needs_its_own_encoding_to_be_read() -> None:
    for name, text in TEXTS.items():
        encoded = text.encode("utf-16-le" if name == "utf-16" else name)
        assert encoded.decode("utf-8" if name != "utf-8" else "latin-1", "replace") != text
