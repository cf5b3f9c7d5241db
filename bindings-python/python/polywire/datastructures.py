"""Header fields as Python programs want them: a mapping without regard to case.

Judges only what is set in it by hand; what goes out is checked by the core in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Protocol

from .exceptions import InvalidHeaderValue

__all__ = ["Headers", "HeadersLike", "MultipleValuesError"]


class MultipleValuesError(LookupError):
    """A header has several values, and one was asked for."""

    def __str__(self) -> str:
        return repr(self.args[0]) if len(self.args) == 1 else super().__str__()


_is_valid_value = re.compile(r"[\x09\x20-\x7e\x80-\xff]*").fullmatch


class Headers(MutableMapping[str, str]):
    """Header fields in their order. Setting a field adds to those of the same name; ``get_all`` returns
    all values of a name, ``raw_items`` all fields."""

    __slots__ = ("_fields",)

    def __init__(self, *args: HeadersLike, **kwargs: str) -> None:
        self._fields: list[tuple[str, str]] = []
        self.update(*args, **kwargs)

    def __str__(self) -> str:
        return "".join(f"{name}: {value}\r\n" for name, value in self._fields) + "\r\n"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._fields!r})"

    def copy(self) -> Headers:
        return _trusted(self._fields)

    def serialize(self) -> bytes:
        return str(self).encode("iso-8859-1")

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(self.get_all(key))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name, _ in self._fields))

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self._fields})

    def __getitem__(self, key: str) -> str:
        values = self.get_all(key)
        if not values:
            raise KeyError(key)
        if len(values) > 1:
            raise MultipleValuesError(key)
        return values[0]

    def __setitem__(self, key: str, value: str) -> None:
        if not _is_valid_value(str(value)):
            raise InvalidHeaderValue(key, value)
        self._fields.append((key, value))

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        name = key.lower()
        self._fields = [field for field in self._fields if field[0].lower() != name]

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return list(self) == list(other) and all(
            self.get_all(name) == other.get_all(name) for name in self
        )

    def clear(self) -> None:
        self._fields = []

    def update(self, *args: HeadersLike, **kwargs: str) -> None:
        fields = (arg.raw_items() if isinstance(arg, Headers) else arg for arg in args)
        super().update(*fields, **kwargs)

    def get_all(self, key: str) -> list[str]:
        name = key.lower()
        return [value for field, value in self._fields if field.lower() == name]

    def raw_items(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)


def _trusted(fields: Iterable[tuple[str, str]]) -> Headers:
    headers = Headers()
    headers._fields = list(fields)
    return headers


class _SupportsKeysAndGetItem(Protocol):
    def keys(self) -> Iterable[str]: ...

    def __getitem__(self, key: str, /) -> str: ...


HeadersLike = Headers | Mapping[str, str] | Iterable[tuple[str, str]] | _SupportsKeysAndGetItem
