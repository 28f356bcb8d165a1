"""The judgement on all settings at once, before anything is opened: every problem with its place, in one error.

Place in the flow: called once by the project room, after all layers are applied and all plugins have declared what
they own.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from framework.exceptions import SettingsError

from .declared import ProjectOptions
from .kinds import Misfit
from .near_misses import near_miss
from .priorities import SETTINGS_PRIORITIES
from .scrapy_names import NAMES, why_without_effect
from .secrets import shown
from .settings import Settings


def validate(settings: Settings) -> list[str]:
    """Check every value and every name.

    Args:
        settings: all layers applied. Names that plugins own (``Settings.own``) are not looked at.

    Returns:
        Lines that the user should read although nothing is wrong: settings of Scrapy that do nothing here.

    Raises:
        SettingsError: all problems together: values that do not fit, and unknown names that are near misses.
    """
    problems = [line for option in settings.catalogue if (line := _misfit(settings, option.name))]
    patterns = settings.owned + _accepted(settings)
    notes = []
    for name in settings.user_names():
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        reason = why_without_effect(name)
        if reason is None:
            problems.extend(_misspelt(settings, name))
        elif _asks_for_something(settings[name]):
            notes.append(f"{name} ({settings.origin(name)}) is a setting of Scrapy that has no effect here: {reason}")
    if problems:
        raise SettingsError(problems)
    return notes


def suggestion(settings: Settings, name: str, value: Any = None) -> str | None:
    """Return the known setting that ``name`` seems to mean, or ``None``; for messages about unknown names."""
    examples = {option.name: option.example for option in settings.catalogue}
    found = near_miss(name, [*examples, *NAMES], value, examples)
    return None if found in NAMES else found


def _misfit(settings: Settings, name: str) -> str | None:
    option = settings.catalogue.get(name)
    if option is None or settings.getpriority(name) in (None, SETTINGS_PRIORITIES["default"]):
        return None
    try:
        option.read(settings[name])
    except Misfit as misfit:
        return settings.problem(option, misfit)
    return None


def _misspelt(settings: Settings, name: str) -> list[str]:
    found = suggestion(settings, name, settings[name])
    if found is None:
        return []
    origin = settings.origin(name)
    return [
        f"{name} = {shown(name, settings[name])} ({origin}): there is no such setting; did you mean {found}? "
        f"If the name is your own, add it to SETTINGS_ACCEPT"
    ]


def _accepted(settings: Settings) -> tuple[str, ...]:
    try:
        return settings.group(ProjectOptions).accept
    except SettingsError:
        return ()  # the value of SETTINGS_ACCEPT is a problem of its own and is reported as one


def _asks_for_something(value: Any) -> bool:
    off = isinstance(value, str) and value.strip().lower() in {"0", "false", "no", "off", "none", "null"}
    return bool(value) and not off
