"""The bytes of the command line as workloads, and results as bytes for stdout."""

from __future__ import annotations

import json
from typing import Any

from gearman_cffi.serializers import JsonSerializer


def parse(data: bytes, serializer: str) -> Any:
    """The value to submit: parsed JSON for "json", bytes for "raw", otherwise a str, or bytes if they are not UTF-8.

    Raises ValueError for invalid JSON.
    """
    if serializer == "raw":
        return data
    if serializer == "json":
        try:
            value = json.loads(data) if data.strip() else None
        except (ValueError, RecursionError) as error:  # RecursionError: nested too deeply
            raise ValueError(f"invalid JSON: {error}") from None
        JsonSerializer().serialize(value)  # json.loads() accepts NaN, 1e999 and lone surrogates, which cannot be sent
        return value
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def encode(result: Any) -> bytes:
    """A result for stdout: text as UTF-8, bytes as they are, anything else as JSON."""
    if isinstance(result, bytes):
        return result
    if isinstance(result, str):
        return result.encode("utf-8", "surrogateescape")
    return json.dumps(result, ensure_ascii=False, default=_not_json).encode()


def _not_json(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else repr(value)


def without_parts(result: Any, parts: bytes) -> Any:
    """The result without the parts at its beginning, which were printed when the worker sent them."""
    data = encode(result)
    if not parts or not isinstance(result, (str, bytes)) or not data.startswith(parts):
        return result
    rest = data[len(parts) :]
    return rest if isinstance(result, bytes) else rest.decode("utf-8", "surrogateescape")
