"""The layers of settings, each read from its source with the place of every value.

Place in the flow: the project room calls these and applies the layers in order: plugin, settings file, spider,
environment, command line. Nothing here knows which names exist; ``validation`` judges.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from framework.exceptions import SettingsError

from .assignments import lines_of_assignments, lines_of_class_dict

ENVIRONMENT_PREFIX = "FWK_"
"""What a variable of the environment begins with to be a setting."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one source.

    Attributes:
        name: a name of ``SETTINGS_PRIORITIES``.
        values: setting to value.
        places: setting to the place of its value, as a person would look it up.
    """

    name: str
    values: Mapping[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)


def layer_from_file(path: str | Path) -> Layer:
    """Run a settings file and return its upper-case names, each with file and line.

    The file is not put into ``sys.modules``: two projects in one process do not see each other.

    Raises:
        SettingsError: the file is missing, is no Python, or fails while it runs; with file and line.
    """
    file = Path(path)
    place = shown_path(file)
    try:
        source = file.read_text(encoding="utf-8")
        code = compile(source, str(file), "exec", dont_inherit=True)
    except SyntaxError as error:
        msg = f"{place}:{error.lineno or 1}: this is not valid Python: {error.msg}"
        raise SettingsError(msg) from None
    except (OSError, ValueError) as error:
        msg = f"{place}: the settings file cannot be read: {getattr(error, 'strerror', None) or error}"
        raise SettingsError(msg) from None
    module = ModuleType(file.stem)
    module.__file__ = str(file)
    _run(code, module, file)
    values = {name: value for name, value in vars(module).items() if name.isupper()}
    lines = lines_of_assignments(source)
    return Layer("project", values, {name: _with_line(place, lines.get(name, lines.get("*"))) for name in values})


def layer_from_module(module: ModuleType, layer: str = "project") -> Layer:
    """Return the upper-case names of an imported module, each with file and line where its source can be read."""
    values = {name: value for name, value in vars(module).items() if name.isupper()}
    file = getattr(module, "__file__", None)
    try:
        source = Path(file or "").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return Layer(layer, values, dict.fromkeys(values, f"module {module.__name__}"))
    place, lines = shown_path(Path(str(file))), lines_of_assignments(source)
    return Layer(layer, values, {name: _with_line(place, lines.get(name, lines.get("*"))) for name in values})


def layer_from_spider(cls: type[Any]) -> Layer:
    """Return the ``custom_settings`` of a spider class, each with file and line where they can be found.

    Raises:
        SettingsError: ``custom_settings`` is no dict.
    """
    values = getattr(cls, "custom_settings", None)
    if not values:
        return Layer("spider", {})
    if not isinstance(values, Mapping):
        msg = f"spider {cls.__name__}.custom_settings must be a dict, not {type(values).__name__}"
        raise SettingsError(msg)
    owner = next((base for base in cls.__mro__ if "custom_settings" in vars(base)), cls)
    place = f"spider {owner.__name__}.custom_settings"
    file, lines = lines_of_class_dict(owner, "custom_settings")
    places = {
        name: f"{place}, {_with_line(shown_path(file), lines[name])}" if file and name in lines else place
        for name in values
    }
    return Layer("spider", dict(values), places)


def layer_from_environment(environ: Mapping[str, str]) -> Layer:
    """Return the settings in the environment: ``FWK_LOG_LEVEL=DEBUG`` sets ``LOG_LEVEL``."""
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for variable, text in environ.items():
        name = variable.removeprefix(ENVIRONMENT_PREFIX)
        if name and name != variable:
            values[name] = text
            places[name] = f"environment {variable}"
    return Layer("environment", values, places)


def layer_from_pairs(pairs: Iterable[str]) -> Layer:
    """Return the settings of the command line, each written ``NAME=VALUE`` after ``-s``.

    Raises:
        SettingsError: texts that are no such pair, all of them together.
    """
    values: dict[str, Any] = {}
    problems = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.strip():
            problems.append(f"command line -s {pair}: write -s NAME=VALUE, such as -s LOG_LEVEL=DEBUG")
        values[name.strip()] = text
    if problems:
        raise SettingsError(problems)
    return Layer("cmdline", values, {name: f"command line -s {name}" for name in values})


def shown_path(path: str | Path) -> str:
    """Return a path as a person would write it: relative to the working folder when it is inside."""
    absolute = Path(os.path.abspath(path))  # resolve() would follow links, which nobody wrote
    try:
        return str(absolute.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(absolute)


def _with_line(place: str, line: int | None) -> str:
    return place if line is None else f"{place}:{line}"


def _run(code: CodeType, module: ModuleType, file: Path) -> None:
    try:
        exec(code, vars(module))  # noqa: S102 - the settings file is the user's own program
    except SettingsError:
        raise
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = frames[-1].lineno if frames else None
        msg = f"{_with_line(shown_path(file), line)}: the settings file fails: {type(error).__name__}: {error}"
        raise SettingsError(msg) from error
