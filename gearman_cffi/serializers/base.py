"""The protocol of serializers."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Serializer(Protocol):
    """What Client and Worker need of a serializer: two methods, one the inverse of the other.

    If a serializer also has the method serialize_result(value), a worker uses it for results.

    Example:
            class Msgpack:
                def serialize(self, value):
                    return msgpack.packb(value)

                def unserialize(self, data):
                    return msgpack.unpackb(data) if data else None

            client = Client("127.0.0.1:4730", Msgpack())
    """

    def serialize(self, value: Any) -> bytes:
        """Returns the value as it is sent.

        Args:
            value: The value.

        Returns:
            The bytes to send.

        Raises:
            SerializerError: The value cannot be converted.

        Example:
                def serialize(self, value):
                    return value.upper().encode()
        """
        ...

    def unserialize(self, data: bytes) -> Any:
        """Returns the value that the data stands for.

        Args:
            data: What the other side has sent.

        Returns:
            The value.

        Raises:
            SerializerError: The data cannot be read.

        Example:
                def unserialize(self, data):
                    return data.decode().lower()
        """
        ...
