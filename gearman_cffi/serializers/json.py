"""JsonSerializer: values as JSON."""

from __future__ import annotations

import json
from typing import Any

from gearman_cffi.exceptions import SerializerError, UnsupportedValue

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class JsonSerializer:
    """JSON in UTF-8. An empty answer is None: workers in other languages send one if their function returns nothing."""

    def serialize(self, value: Any) -> bytes:
        """Returns the value as JSON.

        Raises UnsupportedValue for types that JSON does not have, bytes for instance, and SerializerError for NaN,
        infinity, a value that contains itself and a str that UTF-8 cannot encode.
        """
        try:
            return _ENCODER.encode(value).encode("utf-8")
        except TypeError as error:
            raise UnsupportedValue(f"cannot write the value as JSON: {error}") from None
        except (ValueError, RecursionError) as error:
            raise SerializerError(f"cannot write the value as JSON: {error}") from None

    def unserialize(self, data: bytes) -> Any:
        """Returns the value. Raises SerializerError for invalid JSON and for JSON that is nested too deep."""
        if not data:
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise SerializerError(f"invalid JSON: {error}") from None
