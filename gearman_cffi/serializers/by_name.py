"""The serializers by the names that the command line uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gearman_cffi.serializers.base import Serializer
from gearman_cffi.serializers.json import JsonSerializer
from gearman_cffi.serializers.php import PhpSerializer
from gearman_cffi.serializers.pickle import PickleSerializer
from gearman_cffi.serializers.raw import RawSerializer

BY_NAME: Mapping[str, Callable[[], Serializer]] = MappingProxyType(
    {
        "php": PhpSerializer,
        "json": JsonSerializer,
        "pickle": PickleSerializer,
        "raw": RawSerializer,
    }
)
