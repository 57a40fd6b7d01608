"""Writes PHP's serialize format, without recursion: a value may be nested as deep as the limit allows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from gearman_cffi.exceptions import SerializerError, UnsupportedValue
from gearman_cffi.messages import short_repr

_Pairs: TypeAlias = Iterator[tuple[bytes, Any]]

INT_MIN, INT_MAX = -(2**63), 2**63 - 1

_NUMERIC_KEY = re.compile(rb"0|-?[1-9][0-9]{0,18}")
_BYTES = (bytes, bytearray, memoryview)


def write(value: Any, max_depth: int) -> bytes:
    """Returns the value as PHP's serialize() writes it. Raises SerializerError and UnsupportedValue."""
    scalar = _scalar(value)
    if scalar is not None:
        return scalar
    out: list[bytes] = []
    open_arrays: list[_Pairs] = [iter([(b"", value)])]
    while open_arrays:
        for key, item in open_arrays[-1]:
            out.append(key)
            scalar = _scalar(item)
            if scalar is not None:
                out.append(scalar)
                continue
            if len(open_arrays) > max_depth:
                raise SerializerError(
                    f"the value is nested deeper than {max_depth} arrays (or contains itself); "
                    "PhpSerializer(max_depth=...) raises the limit"
                )
            out.append(b"a:%d:{" % len(item))
            open_arrays.append(_pairs(item))
            break
        else:
            open_arrays.pop()
            out.append(b"}")
    out.pop()  # the outermost list is not an array of the value
    return b"".join(out)


def numeric_key(key: bytes) -> int | None:
    """Returns the int to which PHP converts an array key such as "5"; None for a key that stays a string."""
    if _NUMERIC_KEY.fullmatch(key) and INT_MIN <= int(key) <= INT_MAX:
        return int(key)
    return None


def encode_string(value: str | bytes | bytearray | memoryview) -> bytes:
    """Returns the bytes of a PHP string. Raises SerializerError for a str that UTF-8 cannot encode."""
    if not isinstance(value, str):
        return bytes(value)
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SerializerError(f"cannot write a str as UTF-8: {error}") from None


def _scalar(value: Any) -> bytes | None:
    """Returns the written value; None if it becomes an array."""
    if value is None:
        return b"N;"
    if isinstance(value, bool):
        return b"b:1;" if value else b"b:0;"
    if isinstance(value, (str, *_BYTES)):
        data = encode_string(value)
        return b's:%d:"%b";' % (len(data), data)
    if isinstance(value, int):
        return _int(value)
    if isinstance(value, float):
        return b"d:%b;" % _float(float(value)).encode("ascii")
    if isinstance(value, (list, tuple, Mapping)):
        return None
    raise UnsupportedValue(
        f"PHP's serialize format has no type for {type(value).__name__}: convert the value to None, bool, int, "
        "float, str, bytes, list, tuple or dict first, or use another serializer on both sides"
    )


def _int(value: int) -> bytes:
    if not INT_MIN <= value <= INT_MAX:
        raise SerializerError("an int does not fit PHP's 64 bits: send it as str or float")
    return b"i:%d;" % value


def _float(value: float) -> str:
    """Returns what PHP writes with serialize_precision=-1: the shortest digits, an exponent outside 1e-4 to 1e17."""
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    digits, _, exponent = repr(value).partition("e")
    if not exponent:
        return digits.removesuffix(".0")
    if exponent == "+16":  # PHP still writes all digits for this power of ten
        whole, _, fraction = digits.partition(".")
        return whole + fraction.ljust(16, "0")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent):+d}"


def _pairs(value: list[Any] | tuple[Any, ...] | Mapping[Any, Any]) -> _Pairs:
    """The written keys and the values of an array."""
    if isinstance(value, Mapping):
        return iter(_mapping(value.items()))
    return ((b"i:%d;" % index, item) for index, item in enumerate(value))


def _mapping(items: Iterable[tuple[Any, Any]]) -> list[tuple[bytes, Any]]:
    written: dict[bytes, Any] = {}
    for key, item in items:
        form = _key(key)
        if form in written:
            raise SerializerError(f"two keys of a dict are the same key in PHP; one of them is {short_repr(key)}")
        written[form] = item
    return list(written.items())


def _key(key: Any) -> bytes:
    """Returns the written key. Keys that PHP would convert, such as 1.5 or True, raise UnsupportedValue."""
    if isinstance(key, int) and not isinstance(key, bool):
        return _int(key)
    if isinstance(key, (str, bytes)):
        data = encode_string(key)
        number = numeric_key(data)
        return _int(number) if number is not None else b's:%d:"%b";' % (len(data), data)
    raise UnsupportedValue(
        f"keys of a PHP array are int or str, not {type(key).__name__}: convert the key {short_repr(key)} first"
    )
