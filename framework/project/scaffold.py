"""Making new projects and spiders from the templates beside this file.

Place in the flow: ``fwk startproject`` and ``fwk genspider``. Templates are ordinary files with ``string.Template``
placeholders; their names end in ``.tmpl`` so that no tool takes them for code. Nothing that exists is overwritten.
"""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from framework.components import did_you_mean
from framework.exceptions import UsageError
from framework.settings.loading import shown_path

TEMPLATES = Path(__file__).parent / "templates"
_SUFFIX = ".tmpl"
_RENAMED = {"gitignore": ".gitignore"}


def spider_templates() -> list[str]:
    """Return the names of the spider templates."""
    return sorted(path.name.split(".")[0] for path in (TEMPLATES / "spiders").iterdir() if path.suffix == _SUFFIX)


def make_project(name: str, folder: Path) -> list[Path]:
    """Write a new project and return the files written.

    Args:
        name: of the project.
        folder: where to; it may exist if none of the project's files is in it.

    Raises:
        UsageError: the name will not do, or files are in the way.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        msg = f"{name!r} cannot name a project: begin with a letter, go on with letters, digits, _ and -"
        raise UsageError(msg)
    source = TEMPLATES / "project"
    targets = {path: folder / _target_name(path.relative_to(source)) for path in sorted(source.rglob("*" + _SUFFIX))}
    in_the_way = [target for target in targets.values() if target.exists()]
    if in_the_way:
        msg = f"{folder} has {in_the_way[0].relative_to(folder)} already; choose another folder, nothing was written"
        raise UsageError(msg)
    for path, target in targets.items():
        _write(target, Template(path.read_text(encoding="utf-8")).safe_substitute(name=name))
    return list(targets.values())


def _target_name(path: Path) -> Path:
    name = path.name.removesuffix(_SUFFIX)
    return path.with_name(_RENAMED.get(name, name))


def make_spider(name: str, url: str, template: str, module: str, root: Path, *, force: bool = False) -> Path:
    """Write a new spider into a project and return its file.

    Args:
        name: of the spider.
        url: where it starts: a URL, or a domain (then https is taken).
        template: one of ``spider_templates()``.
        module: dotted name of the package it goes into (``NEWSPIDER_MODULE``).
        root: the project's folder.
        force: overwrite an existing file.

    Raises:
        UsageError: a name or URL will not do, or the file is there already.
    """
    if template not in spider_templates():
        hint = did_you_mean(template, spider_templates()) or f"; there are: {', '.join(spider_templates())}"
        msg = f"there is no template {template!r}{hint}"
        raise UsageError(msg)
    file_name = module_name(name)
    url = url if "://" in url else f"https://{url}"
    domain = urlsplit(url).hostname
    if not domain or any(c in url for c in "\"'\\ \n"):
        msg = f"{url!r} is no URL to start from; write it as https://example.com/path"
        raise UsageError(msg)
    target = root.joinpath(*filter(None, module.split("."))) / f"{file_name}.py"
    if target.exists() and not force:
        msg = f"{shown_path(target)} is there already; choose another name, or --force to overwrite it"
        raise UsageError(msg)
    text = (TEMPLATES / "spiders" / f"{template}.py{_SUFFIX}").read_text(encoding="utf-8")
    values = {"name": name, "classname": class_name(name), "domain": domain, "url": url}
    _write(target, Template(text).safe_substitute(values))
    return target


def module_name(name: str) -> str:
    """Return the file name (without ``.py``) of a spider.

    Raises:
        UsageError: the name does not give one.
    """
    candidate = re.sub(r"[-.]", "_", name)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", candidate) or keyword.iskeyword(candidate):
        msg = f"{name!r} cannot name a spider: begin with a letter, go on with letters, digits, _ - and ."
        raise UsageError(msg)
    return candidate


def class_name(name: str) -> str:
    """Return the class name of a spider: ``my-shop`` gives ``MyShopSpider``."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_.]", name)) + "Spider"


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{target} cannot be written: {error.strerror or error}"
        raise UsageError(msg) from error
