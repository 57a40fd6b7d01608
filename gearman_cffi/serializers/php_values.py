"""Objects and enums of PHP, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


def _nothing() -> Mapping[str | int, Any]:
    return MappingProxyType({})


@dataclass(frozen=True)
class PhpObject:
    """An object that a PHP program serialized: the name of its class and its properties.

    Private and protected properties have their plain names. If a parent class has a private property of the same name,
    that one is "Parent::name".

    Args:
        class_name: The name of its class.
        properties: The values by name.
        data: What a class with its own format wrote (PHP's Serializable), else None.

    Example:
            order = PhpSerializer().unserialize(b'O:5:"Order":1:{s:6:"number";i:7;}')
            assert order == PhpObject("Order", {"number": 7})
            print(order.class_name, order.properties["number"])
    """

    class_name: str
    properties: Mapping[str | int, Any] = field(default_factory=_nothing)
    data: bytes | None = None


@dataclass(frozen=True)
class PhpEnumCase:
    """A case of a PHP enum.

    Args:
        class_name: The name of the enum.
        case: The name of the case.

    Example:
            suit = PhpSerializer().unserialize(b'E:11:"Suit:Hearts";')
            assert suit == PhpEnumCase("Suit", "Hearts")
    """

    class_name: str
    case: str


def plain_properties(raw: Mapping[int | str | bytes, Any]) -> Mapping[str | int, Any]:
    """Returns properties by plain names: in PHP private ones are NUL Class NUL name, protected ones NUL * NUL name."""
    plain: dict[str | int, Any] = {}
    for key, value in raw.items():
        if isinstance(key, int):
            plain[key] = value
            continue
        name = key.decode("utf-8", "backslashreplace") if isinstance(key, bytes) else key
        if name.startswith("\0"):
            owner, _, bare = name[1:].partition("\0")
            name = bare if bare not in plain else f"{owner}::{bare}"
        plain[name] = value
    return MappingProxyType(plain)
