"""What a checkpoint stores beside finished visits: ``spider.state``, and the state of components that have one.

Place in the flow: ``crawler.py`` asks for a snapshot in the step that seals a checkpoint, and gives it back when the
job goes on. Both are values that can be stored; what cannot be is told of once, by name, and left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from framework.exceptions import CrawlError
from framework.protocols import Resume, Stateful

logger = logging.getLogger(__name__)


class KeptState:
    """The state of one crawl outside of its frontier and its sinks.

    Args:
        spider: its ``state`` is kept, a dictionary.
        components: those with ``snapshot`` and ``restore`` are kept too, by the dotted path of their class.
        dump: turns a value into bytes; raises ``CrawlError`` that names what cannot be stored.
        load: turns the bytes into the value.
    """

    def __init__(
        self, spider: Any, components: Iterable[Any], dump: Callable[[Any], bytes], load: Callable[[bytes], Any]
    ) -> None:
        self._spider = spider
        self._components: dict[str, Stateful] = {}
        for component in components:
            if isinstance(component, Stateful):
                self._components.setdefault(_path_of(component), component)
        self._dump = dump
        self._load = load
        self._told: set[str] = set()
        # By path: the revision of a component and what was stored of it then.
        self._last: dict[str, tuple[Any, dict[str, bytes]]] = {}

    def restore(self, resume: Resume) -> None:
        """Give spider and components what the last checkpoint held.

        Raises:
            CrawlError: something stored cannot be read.
        """
        self._spider.state = {key: self._load(data) for key, data in resume.state.items()}
        for path, kept in resume.components.items():
            component = self._components.get(path)
            if component is not None:
                component.restore(self._load(kept))

    def snapshot(self) -> dict[str, Any]:
        """Return the fields ``state`` and ``components`` of a ``Snapshot``, detached from what goes on changing."""
        state = getattr(self._spider, "state", None)
        pairs = state.items() if isinstance(state, dict) else ()
        if state is not None and not isinstance(state, dict):
            self._tell("spider.state", f"it is a {type(state).__name__}, and only the entries of a dict are stored")
        components: dict[str, bytes] = {}
        for path, component in self._components.items():
            components |= self._of_component(path, component)
        return {"state": self._stored("spider.state[{!r}]", pairs), "components": components}

    def _of_component(self, path: str, component: Stateful) -> dict[str, bytes]:
        revision = getattr(component, "snapshot_revision", None)
        last = self._last.get(path)
        if last is not None and last[0] == revision:
            return last[1]
        stored = self._stored("the state of {}", [(path, component.snapshot())])
        if revision is not None:
            self._last[path] = (revision, stored)
        return stored

    def _stored(self, what: str, pairs: Iterable[tuple[Any, Any]]) -> dict[str, bytes]:
        stored = {}
        for key, value in pairs:
            name = what.format(key)
            try:
                if not isinstance(key, str):
                    self._tell(name, "its key is no str")
                else:
                    stored[key] = self._dump(value)
            except CrawlError as error:
                self._tell(name, str(error))
        return stored

    def _tell(self, name: str, reason: str) -> None:
        if name not in self._told:
            self._told.add(name)
            logger.warning("%s cannot be stored, and a later run of this job will not have it: %s", name, reason)


def _path_of(component: Any) -> str:
    return f"{type(component).__module__}.{type(component).__qualname__}"
