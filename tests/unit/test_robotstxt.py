from __future__ import annotations

from typing import Any

import pytest

from framework.robotstxt import MOST_BYTES, ProtegoRobotParser

CRAWLER: Any = None


def test_rules_are_looked_up_by_agent() -> None:
    body = "User-agent: *\nDisallow: /a\nAllow: /a/b\n\nUser-agent: fwk\nDisallow: /*.pdf$\n".encode("utf-8-sig")
    parser = ProtegoRobotParser.from_crawler(CRAWLER, body)

    assert not parser.allowed("http://x.example/a", "other")
    assert parser.allowed(b"http://x.example/a/b", b"other")
    assert parser.allowed("http://x.example/a", "fwk/1.0")
    assert not parser.allowed("http://x.example/c.pdf", "fwk/1.0")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"<html>no</html>", b"Disallow: /"])
def test_what_holds_no_rules_allows_everything(body: bytes) -> None:
    assert ProtegoRobotParser(body).allowed("http://x.example/", "fwk")


def test_only_the_first_500_kib_are_read() -> None:
    body = b"User-agent: *\n" + b"#" * MOST_BYTES + b"\nDisallow: /\n"

    assert ProtegoRobotParser(body).allowed("http://x.example/", "fwk")
