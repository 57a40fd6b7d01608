"""The Python layer's serializers by name, and a value for each."""

from __future__ import annotations

from collections.abc import Callable

from gearman_cffi import JsonSerializer, PhpSerializer, RawSerializer, Serializer

SERIALIZERS: dict[str, Callable[[], Serializer]] = {
    "raw": RawSerializer,
    "php": PhpSerializer,
    "json": JsonSerializer,
}


def value_of(serializer: str, size: int) -> bytes | str:
    """What a program sends: so many bytes, or letters of a text where the format has no bytes."""
    return b"x" * size if serializer == "raw" else "x" * size


def payload_of(serializer: str, size: int) -> str:
    """The same as it goes over the wire, for a program that knows no serializer."""
    return SERIALIZERS[serializer]().serialize(value_of(serializer, size)).decode()
