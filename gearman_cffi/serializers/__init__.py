"""How values become the bytes of workloads and answers, and come back.

PhpSerializer is what PHP's serialize() writes and dmank/gearman sends: the one to share a gearmand with PHP
programs. JsonSerializer is for other languages, PickleSerializer for Python alone, RawSerializer for bytes
that are nobody else's matter. Client and worker must use the same one.
"""

from __future__ import annotations

from gearman_cffi.lazy import importer
from gearman_cffi.serializers.php import PhpSerializer, is_serialized
from gearman_cffi.serializers.plain import JsonSerializer, PickleSerializer, RawSerializer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gearman_cffi.serializers.base import Serializer
    from gearman_cffi.serializers.php_values import PhpEnumCase, PhpObject
else:
    __getattr__, __dir__ = importer(__name__, {"base": ("Serializer",), "php_values": ("PhpEnumCase", "PhpObject")})

__all__ = [
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
    """What Client and Worker use: this one, or PhpSerializer for None. Raises TypeError for what is none."""
    if serializer is None:
        return PhpSerializer()
    if isinstance(serializer, type) or not (hasattr(serializer, "serialize") and hasattr(serializer, "unserialize")):
        raise TypeError(
            f"serializer must be an object with serialize() and unserialize(), as JsonSerializer(), not {serializer!r}"
        )
    return serializer
