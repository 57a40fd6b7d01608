"""What the mirror's methods take, made fit for C.

Data (workloads, results, exception texts) may be bytes, any other bytes-like object, str (as UTF-8) or a number,
which is written as PHP writes it. Names (functions, unique keys, handles, hosts) may be str or bytes; PHP cuts them
at a NUL byte, here that is an error. Anything else raises TypeError with a text that names the parameter.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

Data: TypeAlias = str | bytes | bytearray | memoryview | int | float
Name: TypeAlias = str | bytes

# libgearman's packets give their size in 32 bits; the names before the data need room too.
MAX_DATA = 0xFFFFFFFF - 8192
# For callers that look at the usual cases themselves, because a call costs more than what it does: a size surely below
# MAX_DATA, which is compared faster, and the names of functions that were checked.
ANY_DATA = 0x3FFFFFFF
_known_names: dict[str, bytes] = {}
known_name = _known_names.get
_MOST_KNOWN = 1024
_INT_MIN, _INT_MAX = -0x80000000, 0x7FFFFFFF


def data(value: Data, what: str) -> bytes | bytearray | memoryview:
    """Data for C. Raises TypeError for what is no data, ValueError for more than libgearman's 4 GiB."""
    if type(value) is bytes and len(value) <= MAX_DATA:
        return value
    if isinstance(value, str):
        result: bytes | bytearray | memoryview = value.encode()
    elif isinstance(value, (bytes, bytearray)):
        result = value
    elif isinstance(value, memoryview):
        result = value.cast("B") if value.c_contiguous else value.tobytes()
    elif isinstance(value, bool):
        result = b"1" if value else b""
    elif isinstance(value, int):
        result = b"%d" % value
    elif isinstance(value, float):
        result = _float(value).encode()
    else:
        try:
            result = memoryview(value).tobytes()
        except TypeError:
            raise TypeError(f"{what} must be bytes, str or a number, not {type(value).__name__}") from None
    if len(result) > MAX_DATA:
        raise ValueError(f"{what} has {len(result)} bytes; a packet of Gearman carries at most {MAX_DATA}")
    return result


def _float(value: float) -> str:
    """A float as PHP turns it into a string: 14 digits, its default for the setting ``precision``."""
    if value != value:
        return "NAN"
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    mantissa, _, exponent = f"{value:.14G}".partition("E")
    if not exponent:
        return mantissa
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent):+d}"


def name(value: Name, what: str) -> bytes:
    """A name for C. Raises TypeError for what is no text, ValueError for a NUL byte."""
    if type(value) is str:
        encoded = value.encode()
    elif isinstance(value, str | bytes):
        encoded = value.encode() if isinstance(value, str) else bytes(value)
    else:
        raise TypeError(f"{what} must be str or bytes, not {type(value).__name__}")
    if b"\0" in encoded:
        raise ValueError(f"{what} must not contain NUL bytes: {value!r}")
    return encoded


def function_name(value: Name, what: str) -> bytes:
    """name() for what comes again and again."""
    encoded = name(value, what)
    if type(value) is str:
        if len(_known_names) >= _MOST_KNOWN:
            _known_names.clear()
        _known_names[value] = encoded
    return encoded


def optional_name(value: Name | None, what: str) -> bytes:
    """A name for C where None means none: the empty name."""
    return b"" if value is None else name(value, what)


def integer(value: int, what: str, low: int = _INT_MIN, high: int = _INT_MAX) -> int:
    """A number for C. Raises TypeError for what is none, ValueError for one out of range, which PHP would cut."""
    if not isinstance(value, int):
        raise TypeError(f"{what} must be int, not {type(value).__name__}")
    if not low <= value <= high:
        raise ValueError(f"{what} must be between {low} and {high}, not {value}")
    return int(value)
