"""The protocol of serializers."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Serializer(Protocol):
    """What Client and Worker need of a serializer: two methods, one the inverse of the other.

    Both raise SerializerError for a value or data that they cannot convert. If a serializer also has the method
    serialize_result(value), a worker uses it for results.
    """

    def serialize(self, value: Any) -> bytes:
        """Returns the value as it is sent."""
        ...

    def unserialize(self, data: bytes) -> Any:
        """Returns the value that the data stands for."""
        ...
