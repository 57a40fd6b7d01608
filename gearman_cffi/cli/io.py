"""Workloads from the command line, answers to the terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

from gearman_cffi.serializers import JsonSerializer


def read(data: bytes, serializer: str) -> Any:
    """The value to send: JSON where that is sent, a text where the bytes are one, else bytes. Raises ValueError."""
    if serializer == "raw":
        return data
    if serializer == "json":
        try:
            value = json.loads(data) if data.strip() else None
        except (ValueError, RecursionError) as error:  # the latter: nested too deep
            raise ValueError(f"invalid JSON: {error}") from None
        JsonSerializer().serialize(value)  # NaN, 1e999 and half of a surrogate pair can be read, but not sent
        return value
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def write(data: bytes) -> None:
    """Bytes to stdout, at once."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_line(value: Any) -> None:
    """An answer: a text as it is, bytes as they are, anything else as JSON; with a line's end, if it has none."""
    data = _as_bytes(value)
    write(data if data.endswith(b"\n") else data + b"\n")


def without(answer: Any, parts: bytes) -> Any:
    """The answer without its first parts, which were printed as they came."""
    data = _as_bytes(answer)
    if parts and isinstance(answer, (str, bytes)) and data.startswith(parts):
        return data[len(parts) :]
    return answer


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return json.dumps(value, ensure_ascii=False, default=_unknown).encode()


def _unknown(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else repr(value)
