"""Links."""

import pytest

from framework.link import Link


def test_links_with_the_same_content_are_the_same() -> None:
    link = Link("http://h/", "text", "top", True)

    assert link == Link("http://h/", text="text", fragment="top", nofollow=True)
    assert len({link, Link("http://h/", "text", "top", True), Link("http://h/")}) == 2
    assert link != Link("http://h/", "text", "top")
    assert link != "http://h/"


def test_the_representation_can_be_read_back() -> None:
    link = Link("http://h/", "text")

    assert repr(link) == "Link(url='http://h/', text='text', fragment='', nofollow=False)"


def test_a_url_that_is_no_str_is_refused() -> None:
    with pytest.raises(TypeError, match="Link url must be str, got bytes"):
        Link(b"http://h/")  # type: ignore[arg-type]
