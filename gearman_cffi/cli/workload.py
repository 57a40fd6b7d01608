"""Workloads from the command line, and results for stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from gearman_cffi.cli.io import write
from gearman_cffi.serializers import JsonSerializer


def read(data: str) -> bytes:
    """The data of the command line: a text, "-" for stdin, or "@FILE" for a file. Raises OSError."""
    if data == "-":
        return _stdin().read()
    if data.startswith("@"):
        try:
            return Path(data[1:]).read_bytes()
        except OSError as error:
            raise OSError(f"cannot read {data[1:]!r}: {error.strerror or error}") from error
    return data.encode("utf-8", "surrogateescape")


def read_lines(data: str) -> Iterator[bytes]:
    """The lines of the data, without line ends. Without data, stdin is read as its lines arrive."""
    source = _stdin() if data in ("", "-") else BytesIO(read(data))
    for line in source:  # lines end at \n only; splitlines() splits at others too
        yield line.rstrip(b"\r\n")


def _stdin() -> BinaryIO:
    if sys.stdin is None:
        raise OSError("cannot read stdin: it is closed")
    return sys.stdin.buffer


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
            raise ValueError(
                f"DATA is not JSON: {error}. With --serializer json write a text with quotation marks: '\"anna\"'"
            ) from None
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


def write_line(result: Any) -> None:
    """Writes a result to stdout, and a line end if it has none."""
    data = encode(result)
    write(data if data.endswith(b"\n") else data + b"\n")


def without_parts(result: Any, parts: bytes) -> Any:
    """The result without the parts at its beginning, which were printed when the worker sent them."""
    data = encode(result)
    if not parts or not isinstance(result, (str, bytes)) or not data.startswith(parts):
        return result
    rest = data[len(parts) :]
    return rest if isinstance(result, bytes) else rest.decode("utf-8", "surrogateescape")
