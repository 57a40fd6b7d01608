"""RawSerializer: bytes, without a format."""

from __future__ import annotations

from typing import Any

from gearman_cffi.exceptions import SerializerError, UnsupportedValue


class RawSerializer:
    """No format: bytes are sent as they are, str as UTF-8. Results are always bytes.

    If a handler returns None, an empty result is sent.

    Example:
            client = Client("127.0.0.1:4730", RawSerializer())
            assert client.execute_job("reverse", "abc") == b"cba"
    """

    def serialize(self, value: Any) -> bytes:
        """Returns the bytes of a bytes-like value or a str.

        Args:
            value: The value.

        Returns:
            The bytes to send.

        Raises:
            UnsupportedValue: The value has another type.

        Example:
                assert RawSerializer().serialize("abc") == b"abc"
        """
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        if isinstance(value, str):
            try:
                return value.encode()
            except UnicodeEncodeError as error:
                raise SerializerError(f"cannot write a str as UTF-8: {error}") from None
        raise UnsupportedValue(
            f"RawSerializer sends bytes and str only, not {type(value).__name__}: convert the value to bytes first, "
            "or use PhpSerializer, JsonSerializer or PickleSerializer"
        )

    def serialize_result(self, value: Any) -> bytes:
        """serialize() for a worker's result: None is empty.

        Args:
            value: The value.

        Returns:
            The bytes to send.

        Raises:
            UnsupportedValue: The value has another type.

        Example:
                assert RawSerializer().serialize_result(None) == b""
        """
        return b"" if value is None else self.serialize(value)

    def unserialize(self, data: bytes) -> bytes:
        """Returns the data.

        Args:
            data: What the other side has sent.

        Returns:
            The bytes.

        Example:
                assert RawSerializer().unserialize(b"abc") == b"abc"
        """
        return data
