"""Reads PHP's serialize format: in one pass, without recursion, and never an object of the sender's choice.

Lengths and counts are compared with what is left of the data before anything is made, so that a number
that lies costs nothing. What PHP's unserialize() only warns about or tolerates - data after the value, ints
beyond 64 bits - is an error here.
"""

from __future__ import annotations

import re

from gearman_cffi.exceptions import SerializerError
from gearman_cffi.serializers.php_write import INT_MAX, INT_MIN, numeric_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gearman_cffi.serializers.php_values import PhpEnumCase, PhpObject

SMALLEST_ENTRY = 6  # i:0;N;

# Lengths have at most 12 digits and ints at most 20, so that no int() of a million digits is ever made.
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
    """What is valid UTF-8 as str, anything else as it is: PHP strings and foreign data do not say which."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


class _Array:
    """An array or an object's properties whose end has not been read yet."""

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
            from gearman_cffi.serializers.php_values import PhpObject, plain_properties

            return PhpObject(self.class_name, plain_properties(self.items))
        if all(key == index for index, key in enumerate(self.items)):
            return list(self.items.values())
        return self.items


class Reader:
    """One reading of one piece of data. Raises SerializerError with the offset where it went wrong."""

    def __init__(self, data: bytes, max_depth: int, references: bool = False) -> None:
        self.data = data
        self.position = 0
        self.max_depth = max_depth
        self.references = references  # take them as None: only for telling whether data is serialized

    def read(self) -> Any:
        """The value, which must be all of the data."""
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
                        f"nested deeper than {self.max_depth} arrays; PhpSerializer(max_depth=...) allows more"
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
        """The next value that is no array, or an _Array that has just been opened."""
        found = _TOKEN.match(self.data, self.position)
        if found is None:
            raise self._error("here begins no value of PHP's serialize format")
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
        raise self._error("references (r: and R:) are refused: have the sender copy the value instead")

    def _key(self) -> int | str | bytes:
        found = _TOKEN.match(self.data, self.position)
        kind = found.lastgroup if found else None
        if found is None or kind not in ("int", "string"):
            raise self._error("here begins no array key")
        self.position = found.end()
        if kind == "int":
            return self._int(found["int"])
        data = self._string(int(found["string"]), b'";')
        number = numeric_key(data)
        return text_or_bytes(data) if number is None else number

    def _string(self, length: int, end: bytes) -> bytes:
        stop = self.position + length
        if stop + len(end) > len(self.data):
            raise self._error(f"a string of {length} bytes is cut off")
        value = self.data[self.position : stop]
        self.position = stop
        self._skip(end)
        return value

    def _int(self, digits: bytes) -> int:
        value = int(digits)
        if not INT_MIN <= value <= INT_MAX:
            raise self._error("an int does not fit into 64 bits")
        return value

    def _float(self, text: bytes) -> float:
        special = _SPECIAL_FLOATS.get(text)
        if special is not None:
            return special
        if not _FLOAT.fullmatch(text):
            raise self._error("this is no float")
        return float(text)

    def _array(self, count: int, class_name: str | None = None) -> _Array:
        if count * SMALLEST_ENTRY > len(self.data) - self.position:
            raise self._error(f"an array of {count} entries is cut off")
        return _Array(count, class_name)

    def _named(self, kind: bytes, length: int) -> PhpObject | PhpEnumCase | _Array:
        """An object (O, properties follow), one with its own format (C), or an enum's case (E)."""
        from gearman_cffi.serializers.php_values import PhpEnumCase, PhpObject  # few programs send any

        name = self._string(length, b'";' if kind == b"E" else b'"')
        class_name, colon, case = name.partition(b":")
        if not _CLASS_NAME.fullmatch(class_name) or bool(colon) != (kind == b"E"):
            raise self._error("this is no name of a class")
        readable = class_name.decode("utf-8", "backslashreplace")
        if kind == b"E":
            return PhpEnumCase(readable, case.decode("utf-8", "backslashreplace"))
        found = _COUNT.match(self.data, self.position)
        if found is None:
            raise self._error("an object's size is missing")
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
