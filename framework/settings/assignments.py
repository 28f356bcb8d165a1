"""The lines on which names get their values, found by reading the source and not by running it.

Place in the flow: ``loading`` asks, so that every message about a setting can say file and line.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def lines_of_assignments(source: str) -> dict[str, int]:
    """Return for each name that a module assigns or imports the line of the last time; ``*`` for a star import.

    Blocks (``if``, ``try``, ``with``, ``for``) are looked into, functions and classes are not.
    """
    lines: dict[str, int] = {}
    for node in _statements(ast.parse(source).body):
        for name in _names_bound_by(node):
            lines[name] = node.lineno
    return lines


def lines_of_class_dict(cls: type[Any], attribute: str) -> tuple[Path | None, dict[str, int]]:
    """Return the file of a class and the lines of the keys of a dict that its body assigns to ``attribute``.

    ``(None, {})`` where the source cannot be read: a class made in a notebook or by ``exec``.
    """
    try:
        file = inspect.getsourcefile(cls)
        source, first_line = inspect.getsourcelines(cls)
    except (OSError, TypeError):
        return None, {}
    # A class inside a function is indented: one line put before it makes that valid.
    body = ast.parse("".join(["if 1:\n", *source] if source[0][:1].isspace() else ["\n", *source]))
    found = next(node for node in ast.walk(body) if isinstance(node, ast.ClassDef))
    lines: dict[str, int] = {}
    for node in found.body:
        if attribute in _names_bound_by(node) and isinstance(node, ast.Assign | ast.AnnAssign):
            lines |= {name: line + first_line - 2 for name, line in _keys(node.value)}
    return (Path(file) if file else None), lines


def _keys(value: ast.expr | None) -> Iterator[tuple[str, int]]:
    for key in value.keys if isinstance(value, ast.Dict) else []:
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, key.lineno


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for block in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, block, []))
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body)


def _names_bound_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    else:
        return []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
