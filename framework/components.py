"""Loading a class by its dotted path and building it for a crawl.

Place in the flow: ``crawler.py`` builds every plugin through here, so that an error in one names the plugin, the
setting that asked for it and the remedy.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from framework.exceptions import NotConfigured, PluginError

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
    except ImportError as error:
        raise PluginError(_why_not_importable(path, module_name, error)) from error
    try:
        return getattr(module, name)
    except AttributeError:
        known = [n for n in vars(module) if n[:1].isupper()]
        msg = f"{path!r}: the module {module_name!r} has no {name!r}{_did_you_mean(name, known)}"
        raise PluginError(msg) from None


def _why_not_importable(path: str, module_name: str, error: ImportError) -> str:
    missing = error.name or ""
    if missing and not (module_name == missing or module_name.startswith(missing + ".")):
        return f"{path!r} needs the package {missing!r}, which is not installed; install it with pip"
    if missing:
        return f"{path!r}: there is no module {missing!r}; check the spelling and that its folder is in the project"
    return f"{path!r} cannot be imported: {error}"


def _did_you_mean(name: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
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
        PluginError: as ``load_object`` and ``build_from_crawler``.
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
    return built


def accepts(function: Callable[..., Any], name: str) -> bool:
    """Say whether a hook takes an argument called ``name``: older code takes ``spider``, newer need not."""
    parameters = inspect.signature(function).parameters
    return name in parameters or any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
