"""Items with declared fields, Scrapy's own kind beside dict, dataclass, attrs and Pydantic.

Place in the flow: yielded by a spider, passed through the pipelines, written by the exporters. All of these read any
kind of item through ``itemadapter.ItemAdapter``; importing this module makes :class:`Item` known to it.
"""

from __future__ import annotations

from abc import ABCMeta
from collections import deque
from collections.abc import Iterator, KeysView, MutableMapping
from copy import deepcopy
from pprint import pformat
from types import MappingProxyType
from typing import Any, NoReturn, Self, cast

from itemadapter import ItemAdapter
from itemadapter.adapter import AdapterInterface


class Field(dict[str, Any]):
    """One declared field; its keys are whatever the components that use the item want (``serializer=`` and so on)."""


class ItemMeta(ABCMeta):
    """Collect the :class:`Field` attributes of a class, those of its bases included, into ``fields``."""

    fields: dict[str, Field]

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> ItemMeta:
        """Make the class without its Field attributes, which are keys of an item and not attributes."""
        own = {key: value for key, value in namespace.items() if isinstance(value, Field)}
        rest = {key: value for key, value in namespace.items() if key not in own}
        cls = super().__new__(mcs, name, bases, rest)
        fields: dict[str, Field] = {}
        for base in reversed(cls.__mro__[1:]):
            fields.update(base.__dict__.get("_own_fields", {}))
            # A subclass may hide an inherited field by giving its name another meaning.
            for hidden in fields.keys() & base.__dict__.keys():
                del fields[hidden]
        for hidden in fields.keys() & rest.keys():
            del fields[hidden]
        cls._own_fields = own  # type: ignore[attr-defined]
        cls.fields = {**fields, **own}
        return cls


class Item(MutableMapping[str, Any], metaclass=ItemMeta):
    """A dictionary that takes only the keys declared as :class:`Field`.

    Example::

        class Book(Item):
            title = Field()
            price = Field(serializer=str)

        book = Book(title="Dune")
        book["price"] = 9.99

    Raises:
        KeyError: on setting or getting a field that is not declared, or getting one that is not set.
    """

    fields: dict[str, Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._values: dict[str, Any] = {}
        if args or kwargs:
            for name, value in dict(*args, **kwargs).items():
                self[name] = value

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self.fields:
            known = ", ".join(self.fields) or "none"
            raise KeyError(f"{type(self).__name__} does not support field: {key} (declared: {known})")
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __getattr__(self, name: str) -> NoReturn:
        if name in type(self).fields:
            raise AttributeError(f"Use item[{name!r}] to get field value")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise AttributeError(f"Use item[{name!r}] = {value!r} to set field value")
        super().__setattr__(name, value)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def keys(self) -> KeysView[str]:
        """Give the names of the fields that are set."""
        return self._values.keys()

    def __repr__(self) -> str:
        return pformat(dict(self))

    def copy(self) -> Self:
        """Give an item of the same class with the same values (shallow)."""
        return type(self)(self)

    def deepcopy(self) -> Self:
        """Give an item of the same class with copies of the values."""
        return deepcopy(self)

    __hash__ = object.__hash__


class ItemFieldsAdapter(AdapterInterface):
    """How ``ItemAdapter`` reads an :class:`Item`."""

    @classmethod
    def is_item_class(cls, item_class: type) -> bool:
        """Say whether this adapter is for the class."""
        return issubclass(item_class, Item)

    @classmethod
    def get_field_meta_from_class(cls, item_class: type, field_name: str) -> MappingProxyType[str, Any]:
        """Give what was declared with the field."""
        fields: dict[str, Field] = item_class.fields  # type: ignore[attr-defined]
        if field_name not in fields:
            raise KeyError(f"{item_class.__name__} does not support field: {field_name}")
        return MappingProxyType(fields[field_name])

    @classmethod
    def get_field_names_from_class(cls, item_class: type) -> list[str]:
        """Give the names of all declared fields."""
        return list(item_class.fields)  # type: ignore[attr-defined]

    def field_names(self) -> KeysView[str]:
        """Give the names of all declared fields, set or not."""
        return KeysView(self.item.fields)

    def __getitem__(self, field_name: str) -> Any:
        return self.item[field_name]

    def __setitem__(self, field_name: str, value: Any) -> None:
        self.item[field_name] = value

    def __delitem__(self, field_name: str) -> None:
        del self.item[field_name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.item)

    def __len__(self) -> int:
        return len(self.item)


cast("deque[type[AdapterInterface]]", ItemAdapter.ADAPTER_CLASSES).appendleft(ItemFieldsAdapter)
