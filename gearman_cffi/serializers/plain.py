"""The serializers that need no codec of our own: raw bytes, JSON and pickle.

json and pickle are imported where they are used: few programs use either, and the package offers both.
"""

from __future__ import annotations

import functools

from gearman_cffi.exceptions import SerializerError, UnsupportedValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    import json
    from typing import Any

_BYTES = (bytes, bytearray, memoryview)


class RawSerializer:
    """No format at all: bytes go out as they are, str as UTF-8; what comes back is always bytes."""

    def serialize(self, value: Any) -> bytes:
        """The bytes of bytes, bytearray, memoryview or str. Raises UnsupportedValue for anything else."""
        if type(value) is bytes:
            return value
        if isinstance(value, str):
            try:
                return value.encode()
            except UnicodeEncodeError as error:
                raise SerializerError(f"cannot write a str as UTF-8: {error}") from None
        if isinstance(value, _BYTES):
            return bytes(value)
        raise UnsupportedValue(
            f"RawSerializer sends bytes and str only, not {type(value).__name__}: turn the value into bytes "
            "yourself, or use PhpSerializer, JsonSerializer or PickleSerializer"
        )

    def serialize_result(self, value: Any) -> bytes:
        """The same for the result of a handler. None, the result of a handler without a return value, is empty."""
        return b"" if value is None else self.serialize(value)

    def unserialize(self, data: bytes) -> bytes:
        """The data itself."""
        return data


class JsonSerializer:
    """JSON in UTF-8. An empty answer, which a worker function without a result sends, is None."""

    def serialize(self, value: Any) -> bytes:
        """Raises UnsupportedValue for types without a JSON form (bytes among them), SerializerError for nan,
        inf, cycles and str that UTF-8 cannot write."""
        try:
            return self._encoder.encode(value).encode("utf-8")
        except TypeError as error:
            raise UnsupportedValue(f"cannot write the value as JSON: {error}") from None
        except (ValueError, RecursionError) as error:
            raise SerializerError(f"cannot write the value as JSON: {error}") from None

    @functools.cached_property
    def _encoder(self) -> json.JSONEncoder:
        import json

        return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def unserialize(self, data: bytes) -> Any:
        """Raises SerializerError for what is no JSON, and for JSON nested deeper than Python reads."""
        if not data:
            return None
        import json

        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise SerializerError(f"the data is no JSON that can be read: {error}") from None


class PickleSerializer:
    """Python's pickle, for Python on both sides. An empty answer is None.

    WARNING: reading a pickle runs whatever code its sender put into it. gearmand has no passwords: anyone
    who can connect to it can submit a job and answer one. Use this only where every program that reaches
    the server may run any code in yours; PhpSerializer and JsonSerializer never run code.
    """

    def serialize(self, value: Any) -> bytes:
        """Raises SerializerError for what pickle cannot write (functions without a name, open files ...)."""
        import pickle

        try:
            return pickle.dumps(value)
        except Exception as error:  # pickle lets anything out that an object's own methods raise
            raise SerializerError(f"cannot pickle the value: {error}") from error

    def unserialize(self, data: bytes) -> Any:
        """Raises SerializerError for what is no whole pickle, or one whose classes are not here."""
        if not data:
            return None
        import pickle

        try:
            return pickle.loads(data)
        except Exception as error:
            raise SerializerError(f"cannot read the data as a pickle: {error}") from error
