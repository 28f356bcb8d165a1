"""Loading a class by its dotted path and building it for a crawl.

Place in the flow: ``crawler.py`` builds every plugin through here, so that an error in one names the plugin, the
setting that asked for it and the remedy.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from framework.exceptions import CrawlError, NotConfigured, PluginError
from framework.usercode import in_short, user_place

if TYPE_CHECKING:
    from framework.protocols import Crawler


def load_object(path: str | Callable[..., Any]) -> Any:
    """Return what a dotted path such as ``"middlewares.sign.SignMiddleware"`` names; other objects as they are.

    Raises:
        PluginError: the module cannot be imported or has no such name.
    """
    if not isinstance(path, str):
        return path
    module_name, _, name = path.rpartition(".")
    if not module_name:
        msg = f"{path!r} is no dotted path; write module.Name, such as 'middlewares.sign.SignMiddleware'"
        raise PluginError(msg)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise PluginError(f"{path!r}{why_not_importable(module_name, error)}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        known = [n for n in vars(module) if n[:1].isupper()]
        msg = f"{path!r}: the module {module_name!r} has no {name!r}{did_you_mean(name, known)}"
        raise PluginError(msg) from None


# The packages that an extra of fwk brings, and the extra.
_EXTRAS = {"playwright": "playwright"}


def why_not_importable(module_name: str, error: Exception) -> str:
    """Say why a module cannot be imported, as the end of a sentence; put what needs it right before."""
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    if missing.partition(".")[0] == "scrapy":
        place = user_place(error)
        return f" imports scrapy{f' ({place})' if place else ''}; write framework in its place"
    if missing and (module_name == missing or module_name.startswith(missing + ".")):
        return f": there is no module {missing!r}; check the spelling, and that it is in the project"
    if missing:
        package = missing.partition(".")[0]
        name = f"'fwk[{_EXTRAS[package]}]'" if package in _EXTRAS else package
        place = user_place(error)
        where = f" ({place})" if place else ""
        return (
            f" needs the package {package!r}, which is not installed{where}: pip install {name}, or check the spelling"
        )
    return f" cannot be imported: {in_short(error)}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'this'?`` where a known name is near, else nothing."""
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def build_from_crawler(cls: Callable[..., Any], crawler: Crawler, /, *args: Any, **kwargs: Any) -> Any:
    """Build a component as Scrapy does: by ``from_crawler(crawler, ...)``, else by calling the class.

    Raises:
        PluginError: the class could not be built, by name and with the reason.
        NotConfigured: the component wants to be left out.
    """
    name = getattr(cls, "__qualname__", repr(cls))
    try:
        if hasattr(cls, "from_crawler"):
            instance = cls.from_crawler(crawler, *args, **kwargs)
        elif hasattr(cls, "from_settings"):
            instance = cls.from_settings(crawler.settings, *args, **kwargs)
        else:
            instance = cls(*args, **kwargs)
    except TypeError as error:
        if _raised_by_the_call_itself(error):
            msg = f"{name} cannot be built: {error}; give it from_crawler(cls, crawler) or defaults for its arguments"
            raise PluginError(msg) from error
        raise
    if instance is None:
        msg = f"{name}.from_crawler returned None; it must return the component"
        raise PluginError(msg)
    return instance


def _raised_by_the_call_itself(error: TypeError) -> bool:
    """Tell wrong arguments of the call from a TypeError deep inside the component's own code."""
    traceback = error.__traceback__
    return traceback is None or traceback.tb_next is None


def build_enabled(paths: list[str | Callable[..., Any]], crawler: Crawler) -> list[Any]:
    """Build components in the order given; those that raise ``NotConfigured`` are left out, with a log line why.

    Raises:
        PluginError: as ``load_object`` and ``build_from_crawler``, or the component itself raised.
    """
    import logging

    built = []
    for path in paths:
        cls = load_object(path)
        try:
            built.append(build_from_crawler(cls, crawler))
        except NotConfigured as error:
            if error.args:
                logging.getLogger(__name__).warning("Disabled %s: %s", path, error)
        except CrawlError:
            raise
        except Exception as error:
            msg = f"{path if isinstance(path, str) else path.__qualname__} cannot be built: {in_short(error)}"
            raise PluginError(msg) from error
    return built


_HOOKS = (
    "process_request", "process_response", "process_exception",
    "process_spider_input", "process_spider_output", "process_spider_output_async", "process_spider_exception",
    "process_start", "process_start_requests", "get_processed_request", "get_processed_item",
    "process_item", "open_spider", "close_spider", "from_crawler", "from_settings",
)  # fmt: skip
_ALIKE = 0.88


def tell_misspelt_hooks(components: Iterable[Any]) -> None:
    """Warn of each method that looks like a hook whose name is misspelt: nothing would call it, and nobody say so."""
    import difflib
    import logging

    for cls in map(type, components):
        if cls.__module__.startswith("framework."):
            continue
        methods = [name for name in dir(cls) if name[0] != "_" and callable(getattr(cls, name))]
        missing = [hook for hook in _HOOKS if hook not in methods]
        for name in methods:
            close = difflib.get_close_matches(name, missing, n=1, cutoff=_ALIKE) if name not in _HOOKS else []
            if close:
                logging.getLogger(__name__).warning(
                    "%s.%s is no hook, so nothing calls it; did you mean %s?", cls.__qualname__, name, close[0]
                )


def accepts(function: Callable[..., Any], name: str) -> bool:
    """Say whether a hook takes an argument called ``name``: older code takes ``spider``, newer need not."""
    parameters = inspect.signature(function).parameters
    return name in parameters or any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
