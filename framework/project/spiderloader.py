"""Finding the spiders of a project by name: Scrapy's ``SpiderLoader``.

Place in the flow: the commands load the modules of ``SPIDER_MODULES`` through here. A module that cannot be imported
is one clear error with file and line, not a traceback.
"""

from __future__ import annotations

import builtins
import difflib
import importlib
import importlib.util
import logging
import pkgutil
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from framework.exceptions import PluginError
from framework.http import Request
from framework.settings import Settings
from framework.settings.declared import ProjectOptions
from framework.spiders import Spider

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
        self._modules = modules
        self._warn_only = warn_only
        for name in modules:
            for module in self._walk(name):
                for spider in spiders_of(module):
                    self._found.setdefault(spider.name, []).append(spider)

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
            places = " and ".join(_place(spider) for spider in found)
            msg = f"two spiders are called {spider_name!r}: {places}; give one of them another name"
            raise PluginError(msg)
        return found[0]

    def _unknown(self, name: str) -> str:
        known = self.list()
        close = difflib.get_close_matches(name, known, n=1)
        if close:
            return f"there is no spider {name!r}; did you mean {close[0]!r}?"
        if known:
            return f"there is no spider {name!r}; this project has: {', '.join(known)}"
        modules = ", ".join(self._modules) or "nothing"
        return f"there is no spider {name!r}, nor any other in SPIDER_MODULES ({modules}); make one: fwk genspider"

    def find_by_request(self, request: Request) -> builtins.list[str]:
        """Return the names of the spiders whose ``allowed_domains`` have the request's domain."""
        return [name for name, found in self._found.items() if any(s.handles_request(request) for s in found)]


def spiders_of(module: ModuleType) -> list[type[Spider]]:
    """Return the spider classes that a module defines itself and that have a name."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Spider)
        and value.__module__ == module.__name__
        and getattr(value, "name", None)
    ]


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
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:  # pragma: no cover - a .py file always has a loader
        msg = f"{path} cannot be imported"
        raise PluginError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError(_why(str(path), error)) from error
    return module


def _place(spider: type[Spider]) -> str:
    module = sys.modules[spider.__module__]
    return f"{spider.__name__} in {getattr(module, '__file__', None) or spider.__module__}"


def _why(name: str, error: Exception) -> str:
    """Say why a module cannot be imported, with the file and line in the user's code."""
    if isinstance(error, SyntaxError):
        text = f": {error.text.strip()}" if error.text else ""
        return f"syntax error in {error.filename}:{error.lineno}: {error.msg}{text}"
    if isinstance(error, ModuleNotFoundError) and error.name and name.split(".")[0] == error.name.split(".")[0]:
        return f"there is no module {error.name!r}; check SPIDER_MODULES, and that you are inside the project"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "importlib" not in f.filename and not f.filename.startswith("<frozen")]
    place = f" ({own[-1].filename}:{own[-1].lineno})" if own and own[-1].filename != __file__ else ""
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        hint = f"; install the package that has {error.name!r}, or check the spelling"
    return f"{name} cannot be imported: {type(error).__name__}: {error}{place}{hint}"
