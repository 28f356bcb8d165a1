"""Bodies as documents: encodings, empty and hostile ones."""

from pathlib import Path

import parsel
import pytest

from framework.http import HtmlResponse, XmlResponse


@pytest.mark.parametrize(
    "encoding", ["utf-8", "latin-1", "cp1252", "utf-16", "shift_jis", "gb18030", "koi8-r", "ascii"]
)
@pytest.mark.parametrize(
    "text", ["<p>plain</p>", "<p>caf\u00e9 \u0416 \u65e5\u672c</p>", "\u00a0<p>a</p>\u00a0", " <p>\0a</p>\n", "", " \n"]
)
def test_a_body_in_any_encoding_is_parsed_as_parsel_parses_its_text(text: str, encoding: str) -> None:
    body = text.encode(encoding, "ignore")
    response = HtmlResponse("http://h/", body=body, encoding=encoding)

    assert response.selector.get() == parsel.Selector(text=response.text, type="html").get()


@pytest.mark.parametrize("body", [b"<p>a\xffb</p><b>c</b>", b"\xef\xbb\xbf<p>a</p>", b"<p>a\xe2\x82", b"\xef\xbb\xbf"])
def test_broken_utf_8_and_marks_do_no_harm(body: bytes) -> None:
    response = HtmlResponse("http://h/", body=body, encoding="utf-8")

    assert response.selector.get() == parsel.Selector(text=response.text, type="html").get()


def test_the_encoding_of_the_response_wins_over_what_the_document_declares() -> None:
    html = HtmlResponse("http://h/", body="<meta charset=latin-1><p>ü", encoding="utf-8")
    xml = XmlResponse("http://h/", body="<?xml version='1.0' encoding='latin-1'?><p>ü</p>", encoding="utf-8")

    assert html.css("p::text").get() == "ü"
    assert xml.css("p::text").get() == "ü"


def test_files_named_by_a_document_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    body = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY f SYSTEM "{secret.as_uri()}">]><a>&f;<b>1</b></a>'

    response = XmlResponse("http://h/", body=body, encoding="utf-8")

    assert response.css("b::text").get() == "1"
    assert "secret" not in (response.xpath("string(/a)").get() or "")


def test_a_bomb_of_entities_stays_small() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    body = f'<?xml version="1.0"?><!DOCTYPE a [{entities}]><a>&e9;</a>'

    response = XmlResponse("http://h/", body=body, encoding="utf-8")

    assert len(response.xpath("string(/a)").get() or "") < 10_000
    assert len(response.selector.get()) < 10_000


def test_a_broken_xml_document_is_read_as_far_as_it_goes() -> None:
    response = XmlResponse("http://h/", body=b"<a><b>1</b><b>2</a>")

    assert response.css("b::text").getall() == parsel.Selector(text=response.text, type="xml").css("b::text").getall()


def test_a_very_deep_document_is_read() -> None:
    response = HtmlResponse("http://h/", body=b"<div>" * 3000 + b"<p>deep")

    assert response.css("p::text").get() == parsel.Selector(text=response.text, type="html").css("p::text").get()


def test_a_parsed_page_does_not_change_the_next_one() -> None:
    first = HtmlResponse("http://h/1", body=b"<p>1<<<")
    second = HtmlResponse("http://h/2", body=b"<p>2")

    assert (first.css("p::text").get(), second.css("p::text").get()) == ("1<<<", "2")
    assert first.selector.root.base == "http://h/1"
    assert second.selector.root.base == "http://h/2"
