"""Finding the project that a command is called in.

A project is a folder with a ``setup.cfg`` that has a section ``[fwk]``, or with a ``settings.py`` beside a ``spiders``
folder. The search goes from the present folder upwards, as Git's does. Place in the flow: the commands call
``find_project`` first; everything else of a project is found from its root.
"""

from __future__ import annotations

import configparser
import sys
from dataclasses import dataclass
from pathlib import Path

from framework.exceptions import SettingsError, UsageError


@dataclass(frozen=True, slots=True)
class Project:
    """One project on disk.

    Attributes:
        root: its folder.
        settings_file: its settings, a Python file; ``None`` where there is none.
        name: what ``setup.cfg`` calls it, else the folder's name.
    """

    root: Path
    settings_file: Path | None
    name: str

    def put_on_path(self) -> None:
        """Make the project's own folders importable, before anything else of these names."""
        root = str(self.root)
        if root not in sys.path:
            sys.path.insert(0, root)


def find_project(start: Path | None = None) -> Project | None:
    """Return the project that ``start`` (default: the present folder) is in, or ``None``.

    Raises:
        SettingsError: ``setup.cfg`` cannot be read, or names a settings file that is not there.
    """
    folder = (start or Path.cwd()).resolve()
    for root in (folder, *folder.parents):
        project = _project_at(root)
        if project is not None:
            return project
    return None


def the_project(start: Path | None = None) -> Project:
    """Return the project that ``start`` (default: the present folder) is in.

    Raises:
        UsageError: it is in none.
        SettingsError: as ``find_project``.
    """
    project = find_project(start)
    if project is None:
        msg = (
            f"{start or Path.cwd()} is in no project (no setup.cfg with a section [fwk], no settings.py beside "
            "spiders/); make one: fwk startproject NAME, or run a single file: fwk runspider FILE"
        )
        raise UsageError(msg)
    return project


def _project_at(root: Path) -> Project | None:
    section = _section(root / "setup.cfg")
    if section is not None:
        name = section.get("settings", "settings")
        settings_file = root / (name.replace(".", "/") + ".py")
        if not settings_file.is_file():
            msg = f"{root / 'setup.cfg'}: [fwk] settings = {name!r}, but there is no {settings_file}"
            raise SettingsError(msg)
        return Project(root, settings_file, section.get("name", root.name))
    settings_file = root / "settings.py"
    if settings_file.is_file() and (root / "spiders").is_dir():
        return Project(root, settings_file, root.name)
    return None


def _section(path: Path) -> configparser.SectionProxy | None:
    if not path.is_file():
        return None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read: {' '.join(str(error).split())}"
        raise SettingsError(msg) from error
    return parser["fwk"] if parser.has_section("fwk") else None
