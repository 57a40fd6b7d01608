"""Data on its way into C and out of it."""

from __future__ import annotations

from gearman_cffi._libgearman.native import ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

Data: TypeAlias = bytes | bytearray | memoryview

NULL = ffi.NULL


def pointer(data: Data) -> Any:
    """What to pass for a ``const void *``. bytes go as they are; nothing is copied."""
    return data if type(data) is bytes else ffi.from_buffer(data)


def decode(text: Any) -> str | None:
    """A C string that people read, as str; None for NULL. Bytes that are not UTF-8 are shown as escapes."""
    return None if not text else ffi.string(text).decode("utf-8", "backslashreplace")


def decode_name(name: Any) -> str | None:
    """A C string that names something, as str; None for NULL. Bytes that are not UTF-8 become surrogate escapes."""
    return None if not name else ffi.string(name).decode("utf-8", "surrogateescape")
