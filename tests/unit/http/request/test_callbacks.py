"""Callbacks by name."""

from typing import Any

import pytest

from framework.http.request.callbacks import callback_from_name, callback_name


def _wrapped(method: Any) -> Any:
    def wrapper(self: Any, response: Any) -> None: ...

    return wrapper


class _Base:
    def parse(self, response: Any) -> None: ...

    def __private(self, response: Any) -> None: ...

    def private(self) -> Any:
        return self.__private


class _Spider(_Base):
    name = "books"

    @_wrapped
    def parse_book(self, response: Any) -> None: ...

    alias = parse_book


def test_a_method_is_known_by_its_name_inherited_wrapped_or_private() -> None:
    spider = _Spider()

    for method in (spider.parse, spider.parse_book, spider.private()):
        assert callback_from_name(callback_name(method, spider), spider) == method


@pytest.mark.parametrize("function", [lambda response: None, print, _Spider().parse, _Spider.parse])
def test_what_is_no_method_of_the_spider_is_refused(function: Any) -> None:
    with pytest.raises(ValueError, match="is not an instance method in"):
        callback_name(function, _Spider())


def test_a_bound_method_that_the_class_does_not_have_is_refused() -> None:
    spider = _Spider()

    def stranger(self: Any, response: Any) -> None: ...

    with pytest.raises(ValueError, match="is not an instance method in"):
        callback_name(stranger.__get__(spider), spider)


@pytest.mark.parametrize("name", ["gone", "name"])
def test_a_name_that_is_no_method_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"Method '{name}' not found"):
        callback_from_name(name, _Spider())
