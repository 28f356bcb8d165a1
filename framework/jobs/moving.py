"""Paths in a job's record, which may be moved or copied with its project.

Place in the flow: ``record`` writes paths inside the project relative to its root, and reads them as absolute ones, so
that a project that was moved finds its jobs and a copy works in its own place. A job that lies outside of its project
(a ``JOBDIR`` elsewhere, an absolute ``JOBS_FOLDER``) keeps its paths as they are. Pure.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PROJECT = "<project>"
"""Stands for the root in stored paths. They are absolute otherwise, so nothing else begins like this."""


def way_to(root: Path | None, folder: Path) -> str:
    """Return the way from a job's folder to the root of its project; ``""`` where it lies outside."""
    if root is None or not folder.is_relative_to(root) or root == Path(root.anchor):
        return ""
    return os.path.relpath(root, folder)


_BEFORE = ("", "file://", "file://localhost")
"""What a path may have before it where it is an output."""


def inward(content: dict[str, Any], root: str) -> dict[str, Any]:
    """Return the content of a record with the paths inside of ``root`` relative to it."""

    def relative(text: str) -> str:
        for before in _BEFORE:
            if text == f"{before}{root}" or text.startswith(f"{before}{root}/"):
                return f"{before}{_PROJECT}{text[len(before) + len(root) :]}"
        return text

    return _with_paths(content, relative)


def outward(content: dict[str, Any], root: str) -> dict[str, Any]:
    """Return the content of a record with absolute paths, where the root of its project is now."""

    def absolute(text: str) -> str:
        before, mark, behind = text.partition(_PROJECT)
        return f"{before}{root}{behind}" if mark and before in _BEFORE else text

    return _with_paths(content, absolute)


def _with_paths(content: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Change every path. How an output was written (``uri``) stays: the position in it is stored under that name."""
    outputs, command = content.get("outputs", {}), dict(content.get("command", {}))
    command |= {name: change(command[name]) for name in ("folder", "target") if name in command}
    if "given" in command:
        command["given"] = [[option, change(text)] for option, text in command["given"]]
    return {
        **content,
        "outputs": _outputs_with(outputs, change),
        "earlier": _outputs_with(content.get("earlier", {}), change),
        "marked": [change(place) for place in content.get("marked", ())],
        "command": command,
        "taken": {change(place): name for place, name in content.get("taken", {}).items()},
        "closed": {change(place): [change(file), size] for place, (file, size) in content.get("closed", {}).items()},
    }


def _outputs_with(outputs: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    return {change(place): {**output, "file": change(output.get("file", ""))} for place, output in outputs.items()}
