"""Serializers: they convert values to the bytes of workloads and results, and back.

Client and worker must use the same one:

PhpSerializer     PHP's serialize(), which dmank/gearman sends. The default, and the one to share with PHP programs.
JsonSerializer    for programs in other languages
PickleSerializer  for trusted Python programs
RawSerializer     bytes, without a format
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_cffi.lazy import importer
from gearman_cffi.messages import short_repr
from gearman_cffi.serializers.base import Serializer
from gearman_cffi.serializers.php import PhpSerializer, is_serialized
from gearman_cffi.serializers.php_values import PhpEnumCase, PhpObject
from gearman_cffi.serializers.raw import RawSerializer

if TYPE_CHECKING:
    from gearman_cffi.serializers.by_name import BY_NAME
    from gearman_cffi.serializers.json import JsonSerializer
    from gearman_cffi.serializers.pickle import PickleSerializer
else:  # most programs use one serializer: the modules json and pickle cost 6 ms at each start
    __getattr__, __dir__ = importer(
        __name__, {"json": ("JsonSerializer",), "pickle": ("PickleSerializer",), "by_name": ("BY_NAME",)}
    )

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


def chosen(serializer: Serializer | None) -> Serializer:
    """Returns the serializer of a Client or Worker: PhpSerializer() for None. Raises TypeError for other objects."""
    if serializer is None:
        return PhpSerializer()
    if isinstance(serializer, type) or not isinstance(serializer, Serializer):
        raise TypeError(
            "serializer must be an object with serialize() and unserialize(), as JsonSerializer(), not "
            f"{short_repr(serializer)}"
        )
    return serializer
