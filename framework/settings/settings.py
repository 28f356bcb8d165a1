"""``Settings``: the store with the declared options in it, and typed groups out of it.

Place in the flow: the top of the room; ``loading`` fills one, ``validation`` judges it, the crawler hands its groups
to the components.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from framework.exceptions import SettingsError

from .catalogue import Catalogue, builtin_catalogue
from .kinds import Misfit
from .loading import Layer
from .options import Option, group_of
from .priorities import get_settings_priority
from .secrets import shown
from .store import BaseSettings

G = TypeVar("G")


class Settings(BaseSettings):
    """All settings of one crawl: the defaults of every declared option, and the layers above them.

    Args:
        values: values to begin with.
        priority: their priority, a name of ``SETTINGS_PRIORITIES`` or a number.
        catalogue: the options that are known (default: the framework's own).
    """

    def __init__(
        self,
        values: Mapping[Any, Any] | str | None = None,
        priority: int | str = "project",
        catalogue: Catalogue | None = None,
    ) -> None:
        super().__init__()
        self.catalogue = builtin_catalogue() if catalogue is None else catalogue
        self._groups: dict[type[Any], Any] = {}
        self.owned: tuple[str, ...] = ()
        for option in self.catalogue:
            self.set(option.name, option.default, "default")
        if values:
            self.update(values, priority)

    def declare(self, *groups: type[Any]) -> None:
        """Add groups of options that a plugin declares, with their defaults; those that are known stay.

        Raises:
            ValueError: a group declares a name that another one has.
            TypeError: the settings are frozen, or a class is no group.
        """
        self._assert_mutable()
        self.catalogue = self.catalogue.with_groups(groups)
        for cls in groups:
            for option in group_of(cls).options:
                if option.name not in self:
                    self.set(option.name, option.default, "default")

    def own(self, *patterns: str) -> None:
        """Take note of names that a plugin owns; ``*`` at the end (``SHOP_*``) owns all names that begin so."""
        self._assert_mutable()
        self.owned += patterns

    def apply(self, layer: Layer) -> Self:
        """Store the values of a layer, each with its place; return the settings."""
        for name, value in layer.values.items():
            self.set(name, value, layer.name, layer.places.get(name))
        return self

    def group(self, cls: type[G]) -> G:
        """Return the typed values of a group of options; built when first asked for, and kept until a value changes.

        Raises:
            SettingsError: values that do not fit, all of this group's together.
            TypeError: the class is no group of options.
        """
        found = self._groups.get(cls)
        if found is None:
            found = self._groups[cls] = self._build(cls)
        return cast("G", found)

    def _build(self, cls: type[Any]) -> Any:
        values: dict[str, Any] = {}
        problems: list[str] = []
        for option in group_of(cls).options:
            entry = self.attributes.get(option.name)
            try:
                values[option.field] = option.read(entry.value if entry else option.default)
            except Misfit as misfit:
                problems.append(self.problem(option, misfit))
        if problems:
            raise SettingsError(problems)
        return cls(**values)

    def problem(self, option: Option, misfit: Misfit) -> str:
        """Return the line for a value that does not fit: name, value, place and what is needed."""
        origin = self.origin(option.name)
        place = f" ({origin.place})" if origin else ""
        more = f"; {misfit}" if str(misfit) else ""
        return f"{option.name} = {shown(option.name, self[option.name])}{place}: needs {option.wants}{more}"

    def is_set(self, name: str) -> bool:
        """Say whether any layer above the defaults has given the setting a value."""
        return (self.getpriority(name) or 0) > get_settings_priority("default")

    def user_names(self) -> list[str]:
        """Return the names that somebody has set and that no option declares: the user's own, sorted."""
        return sorted(name for name in self if isinstance(name, str) and name not in self.catalogue)

    def getwithbase(self, name: str) -> BaseSettings:
        """Return ``<name>_BASE`` updated by ``name``, each value with the priority of its setting (Scrapy's name).

        A component that is a class in one and a dotted path in the other is one component.
        """
        own = self.getdict(name)
        merged = BaseSettings()
        for key, value in self._merged(name).items():
            source = name if key in own else f"{name}_BASE"
            merged.set(key, value, self.getpriority(source) or 0)
        return merged

    def get_component_priority_dict_with_base(self, name: str) -> BaseSettings:
        """As ``getwithbase`` (Scrapy's other name)."""
        return self.getwithbase(name)

    def _changed(self) -> None:
        self._groups = {}
