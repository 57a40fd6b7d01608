"""Serializers: they convert values to the bytes of workloads and results, and back.

Client and worker must use the same one:

PhpSerializer     PHP's serialize(), which dmank/gearman sends. The default, and the one to share with PHP programs.
JsonSerializer    for programs in other languages
PickleSerializer  for trusted Python programs
RawSerializer     bytes, without a format
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gearman_cffi.messages import short_repr
from gearman_cffi.serializers.base import Serializer
from gearman_cffi.serializers.php import PhpSerializer, is_serialized
from gearman_cffi.serializers.php_values import PhpEnumCase, PhpObject
from gearman_cffi.serializers.raw import RawSerializer

if TYPE_CHECKING:
    from gearman_cffi.serializers.by_name import BY_NAME
    from gearman_cffi.serializers.json import JsonSerializer
    from gearman_cffi.serializers.pickle import PickleSerializer

__all__ = [
    "BY_NAME",
    "JsonSerializer",
    "PhpEnumCase",
    "PhpObject",
    "PhpSerializer",
    "PickleSerializer",
    "RawSerializer",
    "Serializer",
    "is_serialized",
]

# Imported on first use: most programs use one serializer, and the modules json and pickle take 3 ms of each start.
_MODULES = {"BY_NAME": "by_name", "JsonSerializer": "json", "PickleSerializer": "pickle"}

if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> object:
        """Imports a name of _MODULES."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value

    def __dir__() -> list[str]:
        """All public names, also those that are not imported yet."""
        return sorted({*globals(), *__all__})


def serializer_or_default(serializer: Serializer | None) -> Serializer:
    """Returns the serializer of a Client or Worker: PhpSerializer() for None. Raises TypeError for other objects."""
    if serializer is None:
        return PhpSerializer()
    if isinstance(serializer, type) or not isinstance(serializer, Serializer):
        raise TypeError(
            "serializer must be an object with serialize() and unserialize(), as JsonSerializer(), not "
            f"{short_repr(serializer)}"
        )
    return serializer
