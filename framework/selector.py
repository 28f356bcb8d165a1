"""Selectors: parsel's, with compiled queries kept and results turned into selectors only when one is asked for.

Place in the flow: ``response.css(...)`` and ``response.xpath(...)`` in every callback. The page is parsed once, from
its bytes; ``css("a::attr(href)").getall()`` runs one compiled XPath over the tree and gives its strings, without a
Selector for each of them. Whatever is out of the ordinary (XPath variables, namespaces, JSON, subclasses) is done by
parsel itself; the results are parsel's either way.

Names are those of Scrapy's "Selectors" page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from re import Pattern
from typing import Any, SupportsIndex, cast
from weakref import ref

import parsel
from lxml import etree
from parsel.csstranslator import GenericTranslator, HTMLTranslator
from parsel.utils import extract_regex

from framework.document import Selectable, parse_response

__all__ = ["Selector", "SelectorList"]

_UNSET: Any = object()
_HTML_TRANSLATOR = HTMLTranslator()
_XML_TRANSLATOR = GenericTranslator()
# "set" is left to parsel: lxml registers the functions of that namespace anew at each call of a kept evaluator.
_NAMESPACES = {"re": "http://exslt.org/regular-expressions"}


@lru_cache(maxsize=2048)
def _compiled(query: str) -> etree.XPath | None:
    """Compile an XPath, or give ``None`` for one that is parsel's to run, or to complain of."""
    if "set:" in query:
        return None
    try:
        return etree.XPath(query, namespaces=_NAMESPACES, smart_strings=False)
    except etree.XPathError:
        return None


@lru_cache(maxsize=2048)
def _translated(query: str, xml: bool) -> tuple[str, etree.XPath | None]:
    """Translate a CSS query into an XPath, as text and compiled."""
    xpath = (_XML_TRANSLATOR if xml else _HTML_TRANSLATOR).css_to_xpath(query)
    return xpath, _compiled(xpath)


class SelectorList(parsel.SelectorList["Selector"]):
    """A list of :class:`Selector` with their methods, applied to each and joined.

    Fresh from a query it holds the bare results. Reading them as strings leaves it so; any access to an element
    first makes all of them Selectors.
    """

    _made_by: tuple[str, str] | None = None
    """While the list holds bare results: the query, and the type of the selector that ran it."""

    @classmethod
    def _of_results(cls, results: list[Any], query: str, type_: str) -> SelectorList:
        new = cls(results)
        new._made_by = (query, type_)
        return new

    def _ready(self) -> SelectorList:
        if self._made_by is not None:
            query, type_ = self._made_by
            self._made_by = None
            new = Selector._of_result
            list.__setitem__(self, slice(None), [new(root, query, type_) for root in list.__iter__(self)])
        return self

    def roots(self) -> Iterator[Any]:
        """Go through the bare results (elements, strings), without making Selectors of them."""
        if self._made_by is None:
            return (selector.root for selector in list.__iter__(self))
        return list.__iter__(self)

    def getall(self) -> list[str]:
        """Give all results as strings."""
        if self._made_by is None:
            return super().getall()
        type_ = self._made_by[1]
        results: Any = list.__iter__(self)
        return [root if type(root) is str else _text_of(root, type_) for root in results]

    extract = getall

    def get(self, default: Any = None) -> Any:
        """Give the first result as a string, or ``default`` when there is none."""
        if self._made_by is None:
            return super().get(default)
        results: Any = list.__iter__(self)
        for root in results:
            return root if type(root) is str else _text_of(root, self._made_by[1])
        return default

    extract_first = get

    def re(self, regex: str | Pattern[str], replace_entities: bool = True) -> list[str]:
        """Apply a regular expression to each result; give all matches as one list."""
        if self._made_by is None:
            return super().re(regex, replace_entities)
        return [match for text in self.getall() for match in extract_regex(regex, text, replace_entities)]

    @property
    def attrib(self) -> Any:
        """The attributes of the first element; empty when there is none."""
        if self._made_by is not None:
            first: Any = next(list.__iter__(self), None)
            if isinstance(first, etree._Element):
                return dict(first.attrib)
        return super().attrib

    def css(self, query: str) -> SelectorList:
        """Apply a CSS query to each element; give all results as one list."""
        if self._made_by is not None:
            xpath, evaluator = _translated(query, self._made_by[1] == "xml")
            results = self._results(evaluator)
            if results is not None:
                return self._of_results(results, xpath, self._made_by[1])
        return cast("SelectorList", super().css(query))

    def xpath(self, xpath: str, namespaces: Any = None, **kwargs: Any) -> SelectorList:
        """Apply an XPath query to each element; give all results as one list."""
        if self._made_by is not None and not (namespaces or kwargs):
            results = self._results(_compiled(xpath))
            if results is not None:
                return self._of_results(results, xpath, self._made_by[1])
        return cast("SelectorList", super().xpath(xpath, namespaces, **kwargs))

    def _results(self, evaluator: etree.XPath | None) -> list[Any] | None:
        """Run a query over bare results; ``None`` when one of them or the query is not plain."""
        if evaluator is None:
            return None
        results: list[Any] = []
        roots: Any = list.__iter__(self)
        for root in roots:
            if not isinstance(root, etree._Element):
                return None
            try:
                found = evaluator(root)
            except (etree.XPathError, ValueError):  # ValueError: the root is a comment
                return None
            if type(found) is list:
                results += found
            else:
                results.append(found)
        return results

    def __getitem__(self, pos: SupportsIndex | slice) -> Any:
        return super(SelectorList, self._ready()).__getitem__(pos)

    def __iter__(self) -> Iterator[Selector]:
        return list.__iter__(self._ready())

    def __radd__(self, other: Any) -> Any:
        return list.__add__(other, self._ready()) if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def _on_selectors(name: str) -> Callable[..., Any]:
    """Give the method of ``list``, preceded by making Selectors of all bare results that take part."""
    method = getattr(list, name)

    @wraps(method)
    def call(self: SelectorList, *args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if isinstance(arg, SelectorList):
                arg._ready()
        return method(self._ready(), *args, **kwargs)

    return call


# Everything else through which an element of the list can be seen or changed.
_SEES_OR_CHANGES = """
    __reversed__ __contains__ __eq__ __ne__ __add__ __iadd__ __mul__ __rmul__ __imul__ __setitem__ __delitem__ __repr__
    append extend insert pop remove index count copy reverse sort
"""
for _name in _SEES_OR_CHANGES.split():
    setattr(SelectorList, _name, _on_selectors(_name))


class Selector(parsel.Selector):
    """A part of a page, from which smaller parts are selected by CSS, XPath, JMESPath or regular expression.

    Args:
        response: a text response; its body is parsed.
        text: a document as str, instead of a response.
        type: ``html``, ``xml``, ``json`` or ``text``. Default: what the response is, ``html`` for ``text``.
        root: a parsed element or JSON value, instead of both.
        kwargs: those of ``parsel.Selector``.

    Raises:
        ValueError: both response and text are given, or none of response, text and root.
    """

    __slots__ = ["_own_namespaces", "_response"]
    selectorlist_cls = SelectorList  # type: ignore[assignment]
    _own_namespaces: dict[str, str] | None
    _response: Any

    def __init__(
        self,
        response: Selectable | None = None,
        text: str | None = None,
        type: str | None = None,
        root: Any = _UNSET,
        **kwargs: Any,
    ) -> None:
        if response is not None and text is not None:
            raise ValueError(f"{self.__class__.__name__}.__init__() received both response and text: give one of them")
        self._response = response
        if text is not None:
            super().__init__(text=text, type=type or "html", **kwargs)
            return
        if response is not None and type == "text":
            super().__init__(text=response.text, type=type, **kwargs)
            return
        if root is _UNSET and response is not None:
            root, type = parse_response(response, type, kwargs.get("huge_tree", True))
        if root is not _UNSET:
            kwargs["root"] = root
        super().__init__(type=type, **kwargs)

    @classmethod
    def of_response(cls, response: Selectable, type_: str | None = None) -> Selector:
        """Make the selector that a response keeps as its own: it does not keep the response alive in turn.

        A circle of the two would hold the tree of each page until the garbage collector comes by.
        """
        root, type_ = parse_response(response, type_)
        new = cls._of_result(root, None, type_)
        new._response = ref(response)
        return new

    @property
    def response(self) -> Any:
        """The response that was given, or ``None``."""
        response = self._response
        return response() if isinstance(response, ref) else response

    @classmethod
    def _of_result(cls, root: Any, query: str | None, type_: str) -> Selector:
        new = cls.__new__(cls)
        new._response = None
        new.root = root
        new.type = type_
        new._expr = query
        new._own_namespaces = None
        new._huge_tree = True
        new._text = None
        return new

    @property
    def namespaces(self) -> dict[str, str]:
        """Prefixes to namespaces, for XPath; made when they are looked at."""
        if self._own_namespaces is None:
            self._own_namespaces = dict(self._default_namespaces)
        return self._own_namespaces

    @namespaces.setter
    def namespaces(self, namespaces: dict[str, str]) -> None:
        self._own_namespaces = None if namespaces == self._default_namespaces else namespaces

    def xpath(self, query: str, namespaces: Any = None, **kwargs: Any) -> SelectorList:
        """Find nodes by an XPath query; see parsel."""
        if not (namespaces or kwargs) and self._is_plain():
            evaluator = _compiled(query)
            if evaluator is not None:
                return self._evaluated(evaluator, query)
        return cast("SelectorList", super().xpath(query, namespaces, **kwargs))

    def css(self, query: str) -> SelectorList:
        """Find nodes by a CSS query; see parsel."""
        if self._is_plain():
            xpath, evaluator = _translated(query, self.type == "xml")
            if evaluator is not None:
                return self._evaluated(evaluator, xpath)
        return cast("SelectorList", super().css(query))

    def _is_plain(self) -> bool:
        return self._own_namespaces is None and type(self) is Selector and isinstance(self.root, etree._Element)

    def _evaluated(self, evaluator: etree.XPath, query: str) -> SelectorList:
        try:
            results = evaluator(self.root)
        except etree.XPathError as exc:
            raise ValueError(f"XPath error: {exc} in {query}") from exc
        if type(results) is not list:
            results = [results]
        return SelectorList._of_results(results, query, self.type)

    def get(self) -> Any:
        """Give the selected part as a string (for JSON: the value)."""
        return self.root if type(self.root) is str else super().get()

    extract = get


def _text_of(root: Any, type_: str) -> str:
    if isinstance(root, etree._Element):
        return etree.tostring(root, method="xml" if type_ == "xml" else "html", encoding="unicode", with_tail=False)
    if isinstance(root, bool):
        return "1" if root else "0"
    return str(root)
