"""The settings reference of the docs, written from the declarations.

``python -m framework.settings.reference`` writes ``docs/reference/settings.md``; with ``--check`` it only says
whether the file is what it would write (exit code 1 when not).
"""

from __future__ import annotations

import pprint
import sys
from pathlib import Path

from .catalogue import Catalogue, builtin_catalogue
from .options import Group, Option

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"

_INTRODUCTION = """\
# Settings

<!-- Written by `python -m framework.settings.reference` from framework/settings/declared. Do not edit. -->

Every setting of the framework, with its type, bounds and default. A setting gets its value from the last of these
layers that sets it:

1. its default,
2. a plugin that is switched on,
3. the project's `settings.py`,
4. the spider's `custom_settings`,
5. the environment: `FWK_LOG_LEVEL=DEBUG` sets `LOG_LEVEL`,
6. the command line: `-s LOG_LEVEL=DEBUG`.

In the environment and on the command line a value is a text: true or false is `1`/`0`, `true`/`false`, `yes`/`no` or
`on`/`off`; a list is words between commas or JSON; a dict is JSON. A wrong value is an error that names its place, and
all problems are reported together, before anything is fetched.

Names of your own (`SHOP_API_KEY = ...`) are welcome. Only a name that looks like a misspelling of one below is an
error; `SETTINGS_ACCEPT` lists exceptions. `fwk settings NAME` shows a setting's value and where it came from.
"""


def page(catalogue: Catalogue) -> str:
    """Return the reference of all options as Markdown."""
    return "\n".join([_INTRODUCTION, *(_section(group) for group in catalogue.groups)])


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` compare it; return the exit code."""
    text = page(builtin_catalogue())
    if arguments == ["--check"]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{PAGE} is stale; run: python -m framework.settings.reference\n")
        return 1
    if arguments:
        sys.stderr.write("usage: python -m framework.settings.reference [--check]\n")
        return 2
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def _section(group: Group) -> str:
    return "\n".join([f"## {group.title}\n\n{group.doc}\n", *(_entry(option) for option in group.options)])


def _entry(option: Option) -> str:
    facts = [f"type: {option.kind.type_name}"]
    if option.bounds:
        facts.append(f"bounds: {option.bounds}")
    if option.unit:
        facts.append(f"unit: {option.unit}")
    default = option.default
    if isinstance(default, dict | list) and len(repr(default)) > 60:
        shown = pprint.pformat(default, width=100, sort_dicts=False)
        return f"### {option.name}\n\n{' · '.join(facts)} · default:\n\n```python\n{shown}\n```\n\n{option.doc}\n"
    return f"### {option.name}\n\n{' · '.join(facts)} · default: `{default!r}`\n\n{option.doc}\n"


if __name__ == "__main__":  # pragma: no cover - tests call main()
    raise SystemExit(main(sys.argv[1:]))
