"""What there is to know about one setting: its value, where it came from, and what it is for.

Place in the flow: data for ``fwk settings [NAME]``; the command only prints it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from framework.exceptions import SettingsError

from .priorities import Origin
from .scrapy_names import why_without_effect
from .secrets import shown
from .settings import Settings
from .validation import suggestion


@dataclass(frozen=True, slots=True)
class Description:
    """One setting, as text for people.

    Attributes:
        name: the setting's name.
        value: its value as Python would write it, without secrets.
        origin: where the value came from.
        is_declared: whether an option declares it; if not, it is the user's own.
        type_name: its type, or ``""``.
        unit: what a number counts, or ``""``.
        bounds: ``>= 0``, ``from 1 to 5`` or ``""``.
        default: its default, or ``""`` for the user's own.
        doc: what it is for.
        group: the title of its group, or ``""``.
    """

    name: str
    value: str
    origin: Origin
    is_declared: bool
    type_name: str = ""
    unit: str = ""
    bounds: str = ""
    default: str = ""
    doc: str = ""
    group: str = ""


def describe(settings: Settings, name: str) -> Description:
    """Describe one setting.

    Raises:
        SettingsError: nobody has declared or set it; with the name that was probably meant.
    """
    origin = settings.origin(name)
    if origin is None:
        found = suggestion(settings, name)
        remedy = f"did you mean {found}?" if found else "`fwk settings` lists all of them"
        reason = why_without_effect(name)
        msg = (
            f"{name} is a setting of Scrapy that has no effect here: {reason}"
            if reason
            else f"no setting {name}; {remedy}"
        )
        raise SettingsError(msg)
    value = shown(name, settings[name], limit=2_000)
    option = settings.catalogue.get(name)
    if option is None:
        doc = why_without_effect(name)
        doc = f"A setting of Scrapy that has no effect here: {doc}" if doc else "Not declared: a name of your own."
        return Description(name, value, origin, is_declared=False, doc=doc)
    title = next(group.title for group in settings.catalogue.groups if option in group.options)
    return Description(
        name,
        value,
        origin,
        is_declared=True,
        type_name=option.kind.type_name,
        unit=option.unit,
        bounds=option.bounds,
        default=shown(name, option.default, limit=2_000),
        doc=option.doc,
        group=title,
    )


def describe_all(settings: Settings) -> list[Description]:
    """Describe every setting: the declared ones in the order of the reference, then the user's own, sorted."""
    names: list[Any] = [option.name for option in settings.catalogue if option.name in settings]
    return [describe(settings, name) for name in [*names, *settings.user_names()]]
