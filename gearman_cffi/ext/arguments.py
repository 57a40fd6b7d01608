"""Arguments of the mirror's methods, converted for C as PHP converts them.

Data (workloads, results, exception texts) and names (functions, unique keys, handles, contexts, worker ids, hosts) may
be str, bytes, any other bytes-like object, a number, or an object whose class defines ``__str__``. A str goes out as
UTF-8; surrogate escapes become the bytes that they stand for. Numbers are written as PHP's strval() writes them.
Integers may also be given as floats without a fraction and as numeric strings. None, lists, dicts and everything else
raise TypeError with a text that names the parameter.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from gearman_cffi.messages import short_repr

Data: TypeAlias = str | bytes | bytearray | memoryview | int | float
"""A workload, a result or another text for the other side. A str is sent as UTF-8, a number as PHP writes it."""

Name: TypeAlias = str | bytes | int | float
"""The name of a function, a unique key, a handle, a host or another name. It must not contain a NUL byte."""

# A packet has its size in 32 bits; 8 KiB are left for the names before the data.
MAX_DATA: Final = 0xFFFFFFFF - 8192  # bytes
_INT_MIN, _INT_MAX = -0x80000000, 0x7FFFFFFF
_LONG_MIN, _LONG_MAX = -0x8000000000000000, 0x7FFFFFFFFFFFFFFF

# The beginning of PHP's numeric strings: ASCII digits, no "0x", "_" or "inf".
_NUMBER: Final = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_BLANKS: Final = " \t\n\r\v\f"


def data(value: Data, what: str) -> bytes | bytearray | memoryview:
    """Converts data for C. what: the parameter's name, for errors.

    Raises TypeError for a value that cannot be data, ValueError for more than libgearman's 4 GiB.
    """
    result: bytes | bytearray | memoryview
    if isinstance(value, (bytes, bytearray)):
        result = value
    elif isinstance(value, memoryview):
        result = value.cast("B") if value.c_contiguous else value.tobytes()
    else:
        result = _other_data(value, what)
    if len(result) > MAX_DATA:
        raise ValueError(f"{what} has {len(result)} bytes; a packet of Gearman carries at most {MAX_DATA}")
    return result


def name(value: Name, what: str) -> bytes:
    """Converts a name for C. what: the parameter's name, for errors.

    Raises TypeError for a value that cannot be a name, ValueError for a NUL byte, at which PHP cuts the name.
    """
    if isinstance(value, str):
        encoded = value.encode("utf-8", "surrogateescape")
    elif isinstance(value, (bytes, bytearray, memoryview)):
        encoded = bytes(value)
    else:
        as_text = text(value)
        if as_text is None:
            raise TypeError(f"{what} must be str, bytes or a number, not {type(value).__name__}")
        encoded = encode(as_text)
    if 0 in encoded:  # a NUL byte
        raise ValueError(f"{what} must not contain NUL bytes: {short_repr(value)}")
    return encoded


def optional_name(value: Name | None, what: str) -> bytes:
    """Converts a name for C; None is the empty name."""
    return b"" if value is None else name(value, what)


def integer(value: object, what: str, low: int = _INT_MIN, high: int = _INT_MAX) -> int:
    """Converts an integer for C. what: the parameter's name, for errors. low, high: the range that C takes.

    Raises TypeError for a value that is not an integer, ValueError for an integer out of the range, which PHP cuts.
    """
    number = _integer(value)
    if number is None:
        shown = short_repr(value) if isinstance(value, (str, bytes, float)) else type(value).__name__
        raise TypeError(f"{what} must be an integer, not {shown}")
    if not low <= number <= high:
        raise ValueError(f"{what} must be between {low} and {high}, not {short_repr(value)}")
    return number


def flag(value: object) -> bool:
    """Converts a bool as PHP does: the texts "" and "0" are False."""
    return bool(value) and value not in ("0", b"0")


def return_code(value: object) -> int:
    """Reads a callback's return value as PHP does: the lower 32 bits of an integer, with a sign.

    A str or bytes is read as the number at its beginning, 0 if there is none. Other values are 0, and so is True: PHP
    reads it as GEARMAN_IO_WAIT, with which the client hangs.
    """
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        code = value
    elif isinstance(value, float):
        code = int(value) if abs(value) < float("inf") else 0
    elif isinstance(value, (str, bytes)):
        found = _NUMBER.match(decode(value) if isinstance(value, bytes) else value)
        number = _number(found[1]) if found else 0
        number = 0 if abs(number) == float("inf") else number  # "1e999"
        code = _LONG_MAX if number > _LONG_MAX else _LONG_MIN if number < _LONG_MIN else int(number)
    else:
        return 0
    return (code + 0x80000000) % 0x100000000 - 0x80000000


def encode(value: str) -> bytes:
    """Encodes a text for C. decode() reverses it."""
    return value.encode("utf-8", "surrogateescape")


def decode(value: bytes) -> str:
    """Decodes a name. Bytes that are not UTF-8 become surrogate escapes."""
    return value.decode("utf-8", "surrogateescape")


def text(value: object) -> str | None:
    """The text of a str, a number, or an object whose class defines __str__; None for other objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int):
        return f"{value:d}"
    if isinstance(value, float):
        return _float(value)
    if type(value).__str__ is object.__str__:
        return None
    return str(value)


def _other_data(value: object, what: str) -> bytes:
    """The bytes of an object with the buffer protocol, else its text."""
    try:
        return memoryview(value).tobytes()  # type: ignore[arg-type]
    except TypeError:
        as_text = text(value)
    if as_text is None:
        raise TypeError(f"{what} must be bytes, str or a number, not {type(value).__name__}")
    return encode(as_text)


def _float(value: float) -> str:
    """Writes a float as PHP's strval() does: 14 digits, the default of the setting ``precision``."""
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


def _integer(value: object) -> int | None:
    """The integer that a number or a numeric string stands for; None if it stands for none."""
    if isinstance(value, (str, bytes)):
        digits = decode(value) if isinstance(value, bytes) else value
        found = _NUMBER.match(digits)
        if found is None or digits[found.end() :].strip(_BLANKS):
            return None
        value = _number(found[1])
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


def _number(digits: str) -> int | float:
    """Reads a numeric string: an integer of at most 64 bits in full, any other number as a float."""
    if len(digits) <= len(str(_LONG_MIN)) and not set(digits) & set(".eE"):
        return int(digits)
    return float(digits)
