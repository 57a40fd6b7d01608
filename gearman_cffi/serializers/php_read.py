"""Reads PHP's serialize format in one pass, without recursion, and without making instances of the sender's classes.

Lengths and counts are compared with the rest of the data before memory is allocated, so that a wrong number costs
nothing. Data after the value and ints beyond 64 bits, which PHP's unserialize() tolerates, are errors here.
"""

from __future__ import annotations

import re
from typing import Any

from gearman_cffi.exceptions import SerializerError
from gearman_cffi.serializers.php_values import PhpEnumCase, PhpObject, plain_properties
from gearman_cffi.serializers.php_write import INT_MAX, INT_MIN, numeric_key

SMALLEST_ENTRY = 6  # i:0;N;

# Lengths have at most 12 digits and ints at most 20, so that int() never converts a million digits.
_TOKEN = re.compile(
    rb"""(?P<null>N;)
    |b:(?P<bool>[01]);
    |i:(?P<int>[+-]?[0-9]{1,20});
    |d:(?P<float>[-+.0-9eEINFA]{1,512});
    |s:(?P<string>[0-9]{1,12}):"
    |a:(?P<array>[0-9]{1,12}):\{
    |(?P<named>[OCE]):(?P<length>[0-9]{1,12}):"
    |(?P<reference>[rR]):[0-9]{1,12};""",
    re.VERBOSE,
)
_FLOAT = re.compile(rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL_FLOATS = {b"INF": float("inf"), b"-INF": float("-inf"), b"NAN": float("nan")}
_COUNT = re.compile(rb":([0-9]{1,12}):\{")
_CLASS_NAME = re.compile(rb"[A-Za-z0-9_\x80-\xff][A-Za-z0-9_\x80-\xff\\]*")


def text_or_bytes(data: bytes) -> str | bytes:
    """Returns valid UTF-8 as str, other data as it is: a PHP string does not say which of both it is."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


class _Array:
    """An array, or the properties of an object, of which some entries are still to be read."""

    def __init__(self, count: int, class_name: str | None) -> None:
        self.left = count
        self.class_name = class_name
        self.key: int | str | bytes = 0
        self.items: dict[int | str | bytes, Any] = {}

    def put(self, value: Any) -> None:
        self.items[self.key] = value
        self.left -= 1

    def value(self) -> Any:
        if self.class_name is not None:
            return PhpObject(self.class_name, plain_properties(self.items))
        if all(key == index for index, key in enumerate(self.items)):
            return list(self.items.values())
        return self.items


class Reader:
    """Reads one piece of data. Raises SerializerError, which names the offset."""

    def __init__(self, data: bytes, max_depth: int, references: bool = False) -> None:
        self.data = data
        self.position = 0
        self.max_depth = max_depth
        self.references = references  # True reads them as None, which is enough for is_serialized()

    def read(self) -> Any:
        """Returns the value. Raises SerializerError for data after it."""
        value = self._read_value()
        if self.position != len(self.data):
            raise self._error("there is more data after the end of the value")
        return value

    def _read_value(self) -> Any:
        open_arrays: list[_Array] = []
        while True:
            value = self._token()
            if isinstance(value, _Array):
                if len(open_arrays) >= self.max_depth:
                    raise self._error(
                        f"nested deeper than {self.max_depth} arrays; PhpSerializer(max_depth=...) raises the limit"
                    )
                open_arrays.append(value)
            elif not open_arrays:
                return value
            else:
                open_arrays[-1].put(value)
            while not open_arrays[-1].left:
                value = open_arrays.pop().value()
                self._skip(b"}")
                if not open_arrays:
                    return value
                open_arrays[-1].put(value)
            open_arrays[-1].key = self._key()

    def _token(self) -> Any:
        """Returns the next value, or for an array a new _Array."""
        found = _TOKEN.match(self.data, self.position)
        if found is None:
            raise self._error("expected a value of PHP's serialize format")
        start, self.position = self.position, found.end()
        kind = found.lastgroup
        if kind == "string":
            return text_or_bytes(self._string(int(found["string"]), b'";'))
        if kind == "int":
            return self._int(found["int"])
        if kind == "array":
            return self._array(int(found["array"]))
        if kind == "null":
            return None
        if kind == "bool":
            return found["bool"] == b"1"
        if kind == "float":
            return self._float(found["float"])
        if kind == "length":
            return self._named(found["named"], int(found["length"]))
        if self.references:
            return None
        self.position = start
        raise self._error("references (r: and R:) are not supported: let the sender copy the value instead")

    def _key(self) -> int | str | bytes:
        found = _TOKEN.match(self.data, self.position)
        kind = found.lastgroup if found else None
        if found is None or kind not in ("int", "string"):
            raise self._error("expected an array key")
        self.position = found.end()
        if kind == "int":
            return self._int(found["int"])
        data = self._string(int(found["string"]), b'";')
        number = numeric_key(data)
        return text_or_bytes(data) if number is None else number

    def _string(self, length: int, end: bytes) -> bytes:
        stop = self.position + length
        if stop + len(end) > len(self.data):
            raise self._error(f"a string of {length} bytes is truncated")
        value = self.data[self.position : stop]
        self.position = stop
        self._skip(end)
        return value

    def _int(self, digits: bytes) -> int:
        value = int(digits)
        if not INT_MIN <= value <= INT_MAX:
            raise self._error("an int does not fit 64 bits")
        return value

    def _float(self, text: bytes) -> float:
        special = _SPECIAL_FLOATS.get(text)
        if special is not None:
            return special
        if not _FLOAT.fullmatch(text):
            raise self._error("invalid float")
        return float(text)

    def _array(self, count: int, class_name: str | None = None) -> _Array:
        if count * SMALLEST_ENTRY > len(self.data) - self.position:
            raise self._error(f"an array of {count} entries is truncated")
        return _Array(count, class_name)

    def _named(self, kind: bytes, length: int) -> PhpObject | PhpEnumCase | _Array:
        """Reads an object (O; its properties follow), an object with its own format (C) or a case of an enum (E)."""
        name = self._string(length, b'";' if kind == b"E" else b'"')
        class_name, colon, case = name.partition(b":")
        if not _CLASS_NAME.fullmatch(class_name) or bool(colon) != (kind == b"E"):
            raise self._error("invalid class name")
        readable = class_name.decode("utf-8", "backslashreplace")
        if kind == b"E":
            return PhpEnumCase(readable, case.decode("utf-8", "backslashreplace"))
        found = _COUNT.match(self.data, self.position)
        if found is None:
            raise self._error("the size of an object is missing")
        self.position = found.end()
        if kind == b"O":
            return self._array(int(found[1]), readable)
        return PhpObject(readable, data=self._string(int(found[1]), b"}"))

    def _skip(self, expected: bytes) -> None:
        if not self.data.startswith(expected, self.position):
            raise self._error(f"{expected.decode()!r} is missing")
        self.position += len(expected)

    def _error(self, what: str) -> SerializerError:
        return SerializerError(
            f"cannot read data in PHP's serialize format: {what} (at byte {self.position} of {len(self.data)})"
        )
