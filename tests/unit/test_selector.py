"""Selectors: parsel's results, for parsel's price or less."""

import re
from typing import Any

import parsel
import pytest
from lxml import etree

from framework.http import HtmlResponse, JsonResponse, TextResponse, XmlResponse
from framework.selector import Selector, SelectorList

_HTML = """<!DOCTYPE html><html lang=en><head><title>Books &amp; more</title><base href="/x/"></head><body>
<h1 id=top>A <b>bold</b> title</h1>tail
<ul class="list big"><li class="a item" data-n=1>one</li><li class="b item">two &lt;3</li><li>three<br>lines</li></ul>
<p class=price>&pound;12.30</p><p>No price: <span>0</span></p>
<a href="/1" title="T">1</a><a href=" 2 ">2</a><a>no</a><!-- a comment --><?php x ?>
<form><input name=q value=v checked></form><svg><path d="M0"/></svg><p>unclosed<div>nested <p>p</div>
</body></html>"""
_XML = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="urn:x"><title>T</title>
<entry x:id="1"><x:price cur="EUR">12</x:price></entry><entry x:id="2"><x:price>13</x:price></entry></feed>"""
_DOCUMENTS = {
    "html": _HTML,
    "empty": "",
    "text": "just text",
    "comment": "<!-- only -->",
    "nul": "<p>a\0b</p>",
    "broken": "<div><p>a</div></p><b>x",
    "umlauts": "<p>üöä€ 𝄞</p><a href='/ü'>ß</a>",
    "spaces": "  \n <p> a </p> \n ",
}
_CSS = [
    "title::text", "title", "li", "li::text", "li.item::text", "ul.list > li:first-child::text", "a::attr(href)",
    "a[href]::attr(title)", "p.price::text", "*::text", "h1 *::text", "h1, p", "nothing", "li:nth-child(2)::text",
    "li:not(.item)", "p:contains('price') span::text", "::attr(data-n)", "input:checked", "#top", "svg path::attr(d)",
]  # fmt: skip
_XPATH = [
    "//li", "//li/text()", "//li[1]", "count(//li)", "//li = 'one'", "boolean(//nothing)", "string(//h1)", "//@href",
    "//comment()", "//processing-instruction()", "/html/body/*[2]", "//p[has-class('price')]/text()", ".", "//li/..",
    "//li[re:test(@class, '^a')]/text()", "re:replace(string(//title), 'o', '', '0')", "concat('a', 'b')", "1 div 0",
    "set:difference(//li, //li[1])", "//a/@href | //a/text()", "normalize-space(//ul)", "//li[last()]//text()",
    "string-length(//title) > 3", "//namespace::*",
]  # fmt: skip


def _twins(document: str, type_: str = "html") -> tuple[Selector, parsel.Selector]:
    return Selector(text=document, type=type_), parsel.Selector(text=document, type=type_)


def _of_page(document: str, cls: type[TextResponse] = HtmlResponse) -> Selector:
    return cls("http://h/", body=document, encoding="utf-8").selector


@pytest.mark.parametrize("document", list(_DOCUMENTS))
@pytest.mark.parametrize("query", _CSS)
def test_css_gives_what_parsel_gives(document: str, query: str) -> None:
    text = _DOCUMENTS[document]
    expected = parsel.Selector(text=text, type="html").css(query)

    for selector in (Selector(text=text), _of_page(text)):
        _assert_same(lambda s=selector: s.css(query), expected)  # type: ignore[misc]


@pytest.mark.parametrize("document", list(_DOCUMENTS))
@pytest.mark.parametrize("query", _XPATH)
def test_xpath_gives_what_parsel_gives(document: str, query: str) -> None:
    text = _DOCUMENTS[document]
    expected = parsel.Selector(text=text, type="html").xpath(query)

    for selector in (Selector(text=text), _of_page(text)):
        _assert_same(lambda s=selector: s.xpath(query), expected)  # type: ignore[misc]


def _assert_same(find: Any, expected: Any) -> None:
    # Each look at a result of its own: a first look may change how the next one works.
    assert find().getall() == expected.getall()
    assert find().get() == expected.get()
    assert find().get("default") == expected.get("default")
    assert len(find()) == len(expected)
    assert bool(find()) == bool(expected)
    assert find().re(r"\w(\w)") == expected.re(r"\w(\w)")
    assert find().re_first(r"\d+", "none") == expected.re_first(r"\d+", "none")
    assert [one.get() for one in find()] == [one.get() for one in expected]
    assert [one.type for one in find()] == [one.type for one in expected]
    assert [bool(one) for one in find()] == [bool(one) for one in expected]
    assert repr(find()) == repr(expected)
    if any(isinstance(one.root, etree._Comment) for one in expected):
        with pytest.raises(ValueError, match="Input object is not an XML element"):
            find().css("*")
        return
    assert find().css("*::text").getall() == expected.css("*::text").getall()
    assert find().css("li").css("::text").getall() == expected.css("li").css("::text").getall()
    assert find().xpath(".//text()").getall() == expected.xpath(".//text()").getall()
    assert find().xpath(".").getall() == expected.xpath(".").getall()
    seen = find()
    list(seen)
    assert seen.getall() == expected.getall()
    assert seen.css("b::text").getall() == expected.css("b::text").getall()


@pytest.mark.parametrize("query", ["title", "//title", "a|title::text", "x|price::attr(cur)", "entry"])
def test_namespaces_work_as_in_parsel(query: str) -> None:
    for ours, theirs in (_twins(_XML, "xml"), (_of_page(_XML, XmlResponse), parsel.Selector(text=_XML, type="xml"))):
        assert ours.css("entry").getall() == theirs.css("entry").getall()
        for selector in (ours, theirs):
            selector.register_namespace("a", "http://www.w3.org/2005/Atom")
            selector.register_namespace("x", "urn:x")
        if query.startswith("//"):
            assert ours.xpath("//a:title/text()").getall() == theirs.xpath("//a:title/text()").getall() == ["T"]
        else:
            assert ours.css(query).getall() == theirs.css(query).getall()
        assert ours.xpath("//x:price").xpath("@cur").getall() == theirs.xpath("//x:price").xpath("@cur").getall()
        entry, other = ours.xpath("//a:entry")[0], theirs.xpath("//a:entry")[0]
        assert entry.xpath("x:price/text()").getall() == other.xpath("x:price/text()").getall() == ["12"]
        ours.remove_namespaces()
        theirs.remove_namespaces()
        assert ours.css("title").getall() == theirs.css("title").getall() == ["<title>T</title>"]


def test_namespaces_can_be_given_with_the_query_and_do_not_stay() -> None:
    selector = _of_page(_XML, XmlResponse)
    namespaces = {"a": "http://www.w3.org/2005/Atom", "p": "urn:x"}

    assert selector.xpath("//p:price/text()", namespaces=namespaces).getall() == ["12", "13"]
    assert selector.xpath("//*").xpath("p:price/text()", namespaces=namespaces).getall() == ["12", "13"]
    with pytest.raises(ValueError, match="XPath error: Undefined namespace prefix in //p:price"):
        selector.xpath("//p:price")
    assert "p" not in selector.namespaces


def test_the_namespaces_of_a_part_are_its_own() -> None:
    selector = _of_page(_HTML)
    first, second = selector.css("li")[:2]

    first.register_namespace("n", "urn:n")

    assert "n" not in second.namespaces
    assert "n" not in selector.namespaces
    assert selector.namespaces["re"] == parsel.Selector(text="a").namespaces["re"]


def test_xpath_variables_are_passed() -> None:
    selector = _of_page(_HTML)

    assert selector.xpath("//li[@class=$c]/text()", c="a item").getall() == ["one"]
    assert selector.css("ul").xpath("li[@class=$c]/text()", c="b item").getall() == ["two <3"]


@pytest.mark.parametrize("query", ["//[", "//p[", "//x:y", "unknown()", "//p[unknown()]", "$x"])
def test_a_wrong_xpath_is_said_as_parsel_says_it(query: str) -> None:
    ours, theirs = _twins(_HTML)

    with pytest.raises(ValueError, match="XPath error") as theirs_said:
        theirs.xpath(query)
    for call in (ours.xpath, ours.css("p").xpath):
        with pytest.raises(ValueError, match=re.escape(str(theirs_said.value))):
            call(query)


@pytest.mark.parametrize("query", ["a[", "::unknown", "a:unknown", "::attr(1)"])
def test_a_wrong_css_is_said_as_parsel_says_it(query: str) -> None:
    ours, theirs = _twins(_HTML)

    with pytest.raises(Exception, match=r".") as theirs_said:
        theirs.css(query)
    for call in (ours.css, ours.css("p").css):
        with pytest.raises(type(theirs_said.value), match=re.escape(str(theirs_said.value))):
            call(query)


def test_attributes_are_those_of_the_element() -> None:
    ours, theirs = _twins(_HTML)

    assert ours.css("li").attrib == theirs.css("li").attrib == {"class": "a item", "data-n": "1"}
    assert ours.css("li")[1].attrib == theirs.css("li")[1].attrib
    assert ours.css("nothing").attrib == theirs.css("nothing").attrib == {}
    with pytest.raises(AttributeError):
        ours.css("li::text").attrib  # noqa: B018


def test_parts_can_be_dropped() -> None:
    ours, theirs = _twins(_HTML)

    for selector in (ours, theirs):
        selector.css("li.item").drop()
        selector.css("h1")[0].drop()

    assert ours.get() == theirs.get()
    with pytest.raises(parsel.selector.CannotRemoveElementWithoutRoot):
        ours.css("p::text").drop()


def test_a_list_behaves_as_a_list_of_selectors_whatever_is_done_first() -> None:
    page = _of_page(_HTML)

    def items() -> SelectorList:
        return page.css("li")

    def texts(selectors: Any) -> list[str]:
        found = [*selectors]
        assert all(type(one) is Selector for one in found)
        return [one.xpath("string()").get() for one in found]

    expected = ["one", "two <3", "threelines"]
    one = page.css("h1")[0]
    assert texts(items()) == expected
    assert texts(list(items())) == texts(tuple(items())) == texts([*items()]) == expected
    assert texts(items()[1:]) == expected[1:]
    assert type(items()[1:]) is SelectorList
    assert texts([items()[0], items()[-1]]) == [expected[0], expected[2]]
    assert texts(reversed(items())) == expected[::-1]
    assert texts(items() + items()) == expected * 2
    assert texts([one, *items()]) == texts([one] + items()) == ["A bold title", *expected]  # noqa: RUF005
    assert texts(items() * 2) == texts(2 * items()) == expected * 2
    assert texts(items().copy()) == expected
    assert texts([one.pop() for one in (items(),)]) == expected[2:]
    first, *_, last = items()
    assert texts([first, last]) == [expected[0], expected[2]]
    assert texts(iter(items())) == expected
    assert texts(sorted(items(), key=lambda selector: selector.get())) == expected
    with pytest.raises(IndexError):
        items()[9]
    with pytest.raises(TypeError):
        (3).__radd__(3) + items()


def test_a_list_can_be_changed_whatever_is_done_first() -> None:
    page = _of_page(_HTML)
    one = page.css("h1")[0]

    def changed(change: Any) -> list[Any]:
        selectors = page.css("li")
        change(selectors)
        return [selector.root.tag for selector in selectors]

    assert changed(lambda s: s.append(one)) == ["li", "li", "li", "h1"]
    assert changed(lambda s: s.extend(page.css("p.price"))) == ["li", "li", "li", "p"]
    assert changed(lambda s: s.insert(0, one)) == ["h1", "li", "li", "li"]
    assert changed(lambda s: s.__iadd__(page.css("title"))) == ["li", "li", "li", "title"]
    assert changed(lambda s: s.__imul__(2)) == ["li"] * 6
    assert changed(lambda s: s.__delitem__(0)) == ["li", "li"]
    assert changed(lambda s: s.__setitem__(0, one)) == ["h1", "li", "li"]
    assert changed(lambda s: s.__setitem__(slice(0, 2), page.css("title"))) == ["title", "li"]
    assert changed(lambda s: s.reverse()) == ["li"] * 3
    assert changed(lambda s: s.sort(key=lambda selector: selector.get())) == ["li"] * 3
    assert changed(lambda s: s.clear()) == []
    assert changed(lambda s: s.remove(s[0])) == ["li"] * 2


def test_a_list_knows_its_elements() -> None:
    items = _of_page(_HTML).css("li")

    first = items[0]

    assert first in items
    assert (items.index(first), items.count(first)) == (0, 1)
    assert items == [items[0], items[1], items[2]]
    assert [items[0], items[1], items[2]] == items
    assert items != _of_page(_HTML).css("li")
    with pytest.raises(TypeError):
        hash(items)


def test_a_fresh_list_is_not_mistaken_for_its_bare_results() -> None:
    page = _of_page("<p>a</p>")

    assert page.css("p::text") != ["a"]
    assert page.css("p::text") != ["a"]
    assert "a" not in page.css("p::text")
    assert repr(page.css("p::text")) == "[<Selector query='descendant-or-self::p/text()' data='a'>]"


def test_bare_results_are_given_before_and_after_a_look() -> None:
    items = _of_page(_HTML).css("li")

    before = list(items.roots())
    list(items)

    assert [root.tag for root in before] == ["li"] * 3
    assert list(items.roots()) == before


def test_json_is_selected_by_jmespath() -> None:
    document = '{"a": {"b": [1, "x", null, {"c": true}]}}'
    theirs = parsel.Selector(text=document, type="json")

    for ours in (_of_page(document, JsonResponse), Selector(text=document, type="json")):
        for query in ("a.b", "a", "a.b[1]", "a.b[3].c", "missing"):
            assert ours.jmespath(query).getall() == theirs.jmespath(query).getall()
            assert ours.jmespath(query).get() == theirs.jmespath(query).get()
        assert ours.jmespath("a").jmespath("b[1]").get() == "x"
        with pytest.raises(ValueError, match="Cannot use css on a Selector of type 'json'"):
            ours.css("a")
        with pytest.raises(ValueError, match="Cannot use xpath on a Selector of type 'json'"):
            ours.xpath("//a")


def test_json_inside_html_and_html_inside_json_can_be_selected() -> None:
    page = _of_page("""<script>{"a": [1, 2]}</script>""")
    document = _of_page('{"html": "<p>a<b>c</b></p>"}', JsonResponse)

    assert page.css("script::text").jmespath("a").getall() == [1, 2]
    assert document.jmespath("html").css("b::text").getall() == ["c"]
    assert document.jmespath("html").xpath("//b/text()").getall() == ["c"]


def test_text_defaults_to_html_and_a_response_to_what_it_is() -> None:
    assert Selector(text='{"a": 1}').type == "html"
    assert Selector(text="a", type="text").get() == "a"
    assert Selector(text="<b>a</b>", type="text").css("b").getall() == ["<b>a</b>"]
    assert Selector(XmlResponse("http://h/", body=b"<a/>")).type == "xml"
    assert Selector(HtmlResponse("http://h/", body=b"<a/>"), type="xml").get() == "<a/>"
    assert Selector(root=parsel.Selector(text="<p>").root).css("p").getall() == ["<p></p>"]
    assert Selector(text="a").response is None


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="received both response and text"):
        Selector(HtmlResponse("http://h/"), text="a")
    with pytest.raises(ValueError, match="needs text, body, or root"):
        Selector()
    with pytest.raises(ValueError, match="Invalid type: pdf"):
        Selector(text="a", type="pdf")
    with pytest.raises(ValueError, match="Invalid type: pdf"):
        Selector(HtmlResponse("http://h/"), type="pdf")


def test_a_subclass_gives_selectors_of_its_own_class() -> None:
    class Mine(Selector):
        pass

    selector = Mine(text=_HTML)

    assert type(selector.css("li")[0]) is Mine
    assert type(selector.xpath("//li")[0]) is Mine
    assert selector.css("li::text").getall() == Selector(text=_HTML).css("li::text").getall()
