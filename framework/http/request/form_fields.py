"""The forms of a page: which one is meant, and what a browser would send when it is submitted.

Place in the flow: behind ``FormRequest.from_response``. See "Form submission" in the HTML standard, section 4.10.22.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from w3lib.html import strip_html5_whitespace

from framework.http.response.text import TextResponse
from framework.selector import Selector

logger = logging.getLogger(__name__)

Element = Any
"""An element of ``lxml.html``."""

Fields = list[tuple[str, Any]]

_BUTTONS = frozenset(("submit", "image"))
_NOT_SENT = frozenset(("submit", "image", "reset", "button"))
_CHECKABLE = frozenset(("checkbox", "radio"))


def find_form(response: TextResponse, name: str | None, id_: str | None, number: int, xpath: str | None) -> Element:
    """Find the form that is meant.

    Raises:
        ValueError: the page has no form, or the query finds none.
        IndexError: the page has fewer forms.
    """
    selector = response.selector if response.selector.type == "html" else Selector(text=response.text)
    root = selector.root
    forms: list[Element] = list(root.iter("form"))
    if not forms:
        raise ValueError(f"No <form> element found in {response}")
    for attribute, wanted in (("name", name), ("id", id_)):
        if wanted is not None:
            for form in forms:
                if form.get(attribute) == wanted:
                    return form
            logger.warning("No <form %s=%r> in %s: taking form number %d", attribute, wanted, response, number)
    if xpath is not None:
        return _form_around(selector, xpath, response)
    try:
        return forms[number]
    except IndexError:
        raise IndexError(f"Form number {number} not found in {response}: it has {len(forms)}") from None


def _form_around(selector: Selector, xpath: str, response: TextResponse) -> Element:
    element: Any = next(selector.xpath(xpath).roots(), None)
    while hasattr(element, "getparent"):
        if element.tag == "form":
            return element
        element = element.getparent()
    raise ValueError(f"No <form> element found with {xpath} in {response}")


def form_url(response: TextResponse, form: Element, url: str | None) -> str:
    """Give the URL that a form is sent to.

    Args:
        response: the page, against whose base URL it is joined.
        form: its ``action`` counts.
        url: to be taken instead.
    """
    action = url if url is not None else strip_html5_whitespace(form.get("action") or "")
    # Without an action a form goes to its page, whatever <base> says.
    return response.urljoin(action) if action else response.url


def submitted_fields(
    form: Element, formdata: Fields, clickdata: Mapping[str, str | int] | None, dont_click: bool
) -> Fields:
    """Give the fields that are sent, in the order of the page, then those of ``formdata``.

    Raises:
        ValueError: no button, or more than one, fits ``clickdata``.
    """
    replaced = {name for name, _ in formdata}
    fields = [field for element in _controls(form) for field in _fields_of(element) if field[0] not in replaced]
    if not dont_click:
        button = _clicked(form, clickdata)
        if button is not None and button.get("name") and button.get("name") not in replaced:
            fields.append((button.get("name", ""), button.get("value") or ""))
    fields.extend((name, value) for name, value in formdata if value is not None)
    return fields


def _controls(form: Element) -> list[Any]:
    return [
        element
        for element in form.iter("input", "select", "textarea")
        if not (element.tag == "input" and _is_left_out(element))
    ]


def _is_left_out(element: Element) -> bool:
    kind = (element.get("type") or "text").lower()
    return kind in _NOT_SENT or (kind in _CHECKABLE and element.get("checked") is None)


def _fields_of(element: Any) -> Fields:
    name = element.get("name")
    if not name:
        return []
    if element.tag == "select":
        return [(name, value) for value in _selected(element)]
    if element.tag == "textarea":
        return [(name, (element.text or "").removeprefix("\n"))]
    default = "on" if (element.get("type") or "").lower() in _CHECKABLE else ""
    value = element.get("value")
    return [(name, default if value is None else value)]


def _selected(element: Element) -> list[str]:
    options = list(element.iter("option"))
    chosen = [option for option in options if option.get("selected") is not None]
    if element.get("multiple") is None:
        # A list that opens always shows one: the last that is marked, else the first that can be chosen.
        chosen = chosen[-1:] or [option for option in options if not _is_disabled(option)][:1]
    return [_option_value(option) for option in chosen]


def _is_disabled(option: Any) -> bool:
    group = option.getparent()
    return option.get("disabled") is not None or (group.tag == "optgroup" and group.get("disabled") is not None)


def _option_value(option: Any) -> str:
    value = option.get("value")
    return " ".join(option.text_content().split()) if value is None else value


def _clicked(form: Element, clickdata: Mapping[str, str | int] | None) -> Any:
    if clickdata is None:
        return next((element for element in form.iter("input", "button") if _is_button(element)), None)
    number = clickdata.get("nr")
    if number is not None:
        inputs = list(form.iter("input", "select", "textarea"))
        if 0 <= int(number) < len(inputs):
            return inputs[int(number)]
    wanted = {name: str(value) for name, value in clickdata.items() if name != "nr"}
    found = [element for element in form.iter("*") if all(element.get(name) == value for name, value in wanted.items())]
    if not wanted or not found:
        raise ValueError(f"No clickable element matching clickdata: {dict(clickdata)!r}")
    if len(found) > 1:
        tags = ", ".join(f"<{element.tag} name={element.get('name')!r}>" for element in found)
        raise ValueError(f"Multiple elements found ({tags}) matching the criteria in clickdata: {dict(clickdata)!r}")
    return found[0]


def _is_button(element: Any) -> bool:
    if element.tag == "button":
        return (element.get("type") or "submit").lower() == "submit"
    return (element.get("type") or "").lower() in _BUTTONS
