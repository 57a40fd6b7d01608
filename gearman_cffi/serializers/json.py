"""JsonSerializer: values as JSON."""

from __future__ import annotations

import json
from typing import Any

from gearman_cffi.exceptions import SerializerError, UnsupportedValue

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class JsonSerializer:
    """JSON in UTF-8. An empty result is None: workers in other languages send one if they return nothing.

    Example:
            client = Client("127.0.0.1:4730", JsonSerializer())
            client.execute_in_background("mail", {"to": "anna@example.org"})
    """

    def serialize(self, value: Any) -> bytes:
        """Returns the value as JSON.

        Args:
            value: The value.

        Returns:
            The bytes to send.

        Raises:
            UnsupportedValue: JSON does not have the type, such as bytes.
            SerializerError: The value is NaN or infinite, contains itself, or is a str that UTF-8 cannot encode.

        Example:
                assert JsonSerializer().serialize({"to": "Anna"}) == b'{"to":"Anna"}'
        """
        try:
            return _ENCODER.encode(value).encode("utf-8")
        except TypeError as error:
            raise UnsupportedValue(f"cannot write the value as JSON: {error}") from None
        except (ValueError, RecursionError) as error:
            raise SerializerError(f"cannot write the value as JSON: {error}") from None

    def unserialize(self, data: bytes) -> Any:
        """Returns the value.

        Args:
            data: What the other side has sent.

        Returns:
            The value.

        Raises:
            SerializerError: The JSON is invalid or nested too deep.

        Example:
                assert JsonSerializer().unserialize(b'{"to":"Anna"}') == {"to": "Anna"}
        """
        if not data:
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise SerializerError(f"invalid JSON: {error}") from None
