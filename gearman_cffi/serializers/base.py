"""What Client and Worker expect of a serializer."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Serializer(Protocol):
    """Two methods that undo each other. Both raise SerializerError for what they cannot do."""

    def serialize(self, value: Any) -> bytes:
        """The value as bytes for the wire."""
        ...

    def unserialize(self, data: bytes) -> Any:
        """The value of bytes from the wire."""
        ...
