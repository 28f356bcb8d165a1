"""Finding the spiders of a project by name: Scrapy's ``SpiderLoader``.

Place in the flow: the commands load the modules of ``SPIDER_MODULES`` through here. A module that cannot be imported
is one clear error with file and line, not a traceback.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import logging
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from framework.components import did_you_mean, why_not_importable
from framework.exceptions import PluginError
from framework.http import Request
from framework.settings import Settings
from framework.settings.declared import ProjectOptions
from framework.settings.loading import shown_path
from framework.spiders import Spider
from framework.usercode import in_short

logger = logging.getLogger(__name__)


class SpiderLoader:
    """The spiders of a project.

    Args:
        modules: dotted names of modules and packages; packages are searched to the bottom.
        warn_only: log modules that cannot be imported instead of raising (``SPIDER_LOADER_WARN_ONLY``).

    Raises:
        PluginError: a module cannot be imported.
    """

    def __init__(self, modules: tuple[str, ...], *, warn_only: bool = False) -> None:
        self._found: dict[str, list[type[Spider]]] = {}
        self._nameless: list[type[Spider]] = []
        self._modules = modules
        self._warn_only = warn_only
        for name in modules:
            for module in self._walk(name):
                for spider in classes_of(module):
                    name_of_spider = getattr(spider, "name", None)
                    if name_of_spider:
                        self._found.setdefault(name_of_spider, []).append(spider)
                    else:
                        self._nameless.append(spider)

    @classmethod
    def from_settings(cls, settings: Settings) -> SpiderLoader:
        """Make the loader of a project's settings."""
        options = settings.group(ProjectOptions)
        return cls(options.spider_modules, warn_only=options.spider_loader_warn_only)

    def _walk(self, name: str) -> Iterator[ModuleType]:
        module = self._import(name)
        if module is None:
            return
        yield module
        for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
            yield from self._walk(f"{name}.{info.name}")

    def _import(self, name: str) -> ModuleType | None:
        try:
            return importlib.import_module(name)
        except Exception as error:
            message = _why(name, error)
            if self._warn_only:
                logger.warning("%s", message)
                return None
            raise PluginError(message) from error

    def problems(self) -> builtins.list[str]:
        """Return what keeps spiders from being run: names that two of them have, in full sentences."""
        return [self._ambiguous(name) for name, found in self._found.items() if len(found) > 1]

    def list(self) -> list[str]:
        """Return the names of all spiders, sorted."""
        return sorted(self._found)

    def load(self, spider_name: str) -> type[Spider]:
        """Return the spider class of a name.

        Raises:
            PluginError: there is no such spider (the nearest name is suggested), or there are two.
        """
        found = self._found.get(spider_name)
        if not found:
            raise PluginError(self._unknown(spider_name))
        if len(found) > 1:
            raise PluginError(self._ambiguous(spider_name))
        return found[0]

    def _ambiguous(self, name: str) -> str:
        places = " and ".join(_place(spider) for spider in self._found[name])
        return f"more than one spider is called {name!r}: {places}; give each a name of its own"

    def _unknown(self, name: str) -> str:
        known = self.list()
        hint = did_you_mean(name, known)
        if not hint and self._nameless:
            places = ", ".join(_place(spider) for spider in self._nameless)
            hint = f'; without a name is {places}: add name = "..." to the class'
        if not hint and known:
            hint = f"; this project has: {', '.join(known)}"
        if hint:
            return f"there is no spider {name!r}{hint}"
        modules = ", ".join(self._modules) or "nothing"
        return (
            f"there is no spider {name!r}, nor any other in SPIDER_MODULES ({modules}); "
            f"make one: fwk genspider {name} URL"
        )

    def find_by_request(self, request: Request) -> builtins.list[str]:
        """Return the names of the spiders whose ``allowed_domains`` have the request's domain."""
        return [name for name, found in self._found.items() if any(s.handles_request(request) for s in found)]


def classes_of(module: ModuleType) -> list[type[Spider]]:
    """Return the spider classes that a module defines itself, each once."""
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Spider) and value.__module__ == module.__name__
    ]
    return list(dict.fromkeys(found))


def spiders_of(module: ModuleType) -> list[type[Spider]]:
    """Return the spider classes that a module defines itself and that have a name; the others are for deriving from."""
    return [spider for spider in classes_of(module) if getattr(spider, "name", None)]


def nameless(module: ModuleType) -> str:
    """Return the end of a sentence about a module without spiders: classes in it that only lack a name."""
    places = ", ".join(_place(spider) for spider in classes_of(module))
    return f'; {places} lacks a name: add name = "..." to the class' if places else " and has a name"


def load_file(path: Path) -> ModuleType:
    """Import a Python file that is in no package (``fwk runspider``).

    Raises:
        PluginError: there is no such file, it is no Python file, or it cannot be imported.
    """
    if not path.is_file():
        msg = f"there is no file {path}"
        raise PluginError(msg)
    if path.suffix not in {".py", ".pyw"}:
        msg = f"{path} is no Python file; runspider takes one that ends in .py"
        raise PluginError(msg)
    # A file called json.py must not take the place of the library of that name.
    is_taken = path.stem in sys.modules or path.stem in sys.stdlib_module_names
    name = f"spider_{path.stem}" if is_taken else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:  # pragma: no cover - a .py file always has a loader
        msg = f"{path} cannot be imported"
        raise PluginError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError(_why(str(path), error)) from error
    return module


def _place(spider: type[Spider]) -> str:
    file = getattr(sys.modules[spider.__module__], "__file__", None)
    return f"{spider.__name__} in {shown_path(file) if file else spider.__module__}"


def _why(name: str, error: Exception) -> str:
    """Say why a module cannot be imported, with the file and line in the user's code."""
    if isinstance(error, SyntaxError):
        return in_short(error)
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        return f"SPIDER_MODULES: there is no module {error.name!r}; check the spelling, and that it is in the project"
    return f"{name}{why_not_importable(name, error)}"
