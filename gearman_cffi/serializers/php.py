"""PhpSerializer: PHP's serialize() and unserialize(), as dmank/gearman uses them on the wire."""

from __future__ import annotations

import re

from gearman_cffi.exceptions import SerializerError
from gearman_cffi.serializers.php_read import Reader, text_or_bytes
from gearman_cffi.serializers.php_write import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 512
MAX_SIZE = 256 * 1024 * 1024
PHP_MAX_DEPTH = 4096  # unserialize_max_depth of an untouched PHP

# Scalars are too short to tell from text, so they count only when they are all of the data. Strings, arrays
# and objects have beginnings that no text has: data that begins so and cannot be read is broken, not text.
_SCALAR = re.compile(rb"N;|b:[01];|i:[+-]?[0-9]{1,20};|d:[-+.0-9eEINFA]{1,512};|[rR]:[0-9]{1,12};")
_BEGINNING = re.compile(rb'[sOCE]:[0-9]+:"|a:[0-9]+:\{')


def is_serialized(value: object) -> bool:
    """Whether a str or bytes-like value is one whole value in PHP's serialize format; False for other types.

    As dmank's StringHelper::isSerialized(), but data after the value makes it False, and objects and enums
    of any class count. "b:0;" is one.
    """
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    if not isinstance(value, (bytes, bytearray, memoryview)):
        return False
    data = bytes(value)
    if not _looks_serialized(data):
        return False
    try:
        Reader(data, PHP_MAX_DEPTH, references=True).read()
    except SerializerError:
        return False
    return True


class PhpSerializer:
    """Values in PHP's serialize format: what dmank/gearman sends and reads, and the default.

    Out go None, bool, int of 64 bits, float, str (as UTF-8), bytes, list, tuple and dict, nested. Keys of a
    dict are int or str; as in PHP, the key "5" is the key 5. Back come str where a PHP string is valid
    UTF-8 and bytes where it is not, list where an array's keys are 0, 1, 2 ... in order, else dict, and
    PhpObject or PhpEnumCase for objects, which are never instantiated. References are refused.

    Two habits of dmank are kept, and can be switched off:

    - pass_serialized: a str or bytes that is already serialized goes out unchanged, so that the text "i:5;"
      arrives as the int 5. With pass_serialized=False every string arrives as the string it was; use that
      where texts come from strangers.
    - strict=False: data that is not serialized comes back as it is, as str or bytes. With strict=True it
      raises. What begins like a serialized string, array or object and is broken raises in either case.

    max_depth is how deep arrays may be nested, both ways; max_size how many bytes are read.

    A worker's results: as from dmank's workers text goes out bare, and arrays serialized. Other values go out
    serialized, so that they come back as what they were. With dmank_results=True they too go out as dmank's
    workers send them, turned into text: None and False are empty, True is "1", 42 is "42". Callers written
    for such a worker may rely on it.
    """

    def __init__(
        self,
        *,
        pass_serialized: bool = True,
        strict: bool = False,
        max_depth: int = MAX_DEPTH,
        max_size: int = MAX_SIZE,
        dmank_results: bool = False,
    ) -> None:
        self.pass_serialized = pass_serialized
        self.strict = strict
        self.max_depth = max_depth
        self.max_size = max_size
        self.dmank_results = dmank_results

    def serialize(self, value: Any) -> bytes:
        """As PHP's serialize(). Raises SerializerError; for types without a form UnsupportedValue."""
        if self.pass_serialized and is_serialized(value):
            return value.encode("utf-8") if isinstance(value, str) else bytes(value)
        return write(value, self.max_depth)

    def serialize_result(self, value: Any) -> bytes:
        """A worker's result: serialize(), but text that no reader could mistake goes out as it is."""
        if self.dmank_results and (value is None or isinstance(value, (bool, int, float))):
            return _as_text(value)
        if not self.strict and isinstance(value, (str, bytes, bytearray, memoryview)):
            data = _data(value)
            if not _looks_serialized(data):
                return data
        return self.serialize(value)

    def unserialize(self, data: bytes) -> Any:
        """As PHP's unserialize(), within the limits. Raises SerializerError."""
        if not self.strict and not _looks_serialized(data):
            return text_or_bytes(data)
        if len(data) > self.max_size:
            raise SerializerError(
                f"{len(data)} bytes of serialized data are more than the {self.max_size} that are read; "
                "PhpSerializer(max_size=...) allows more"
            )
        return Reader(data, self.max_depth).read()


def _looks_serialized(data: bytes) -> bool:
    return bool(_BEGINNING.match(data) or _SCALAR.fullmatch(data))


def _data(value: str | bytes | bytearray | memoryview) -> bytes:
    if not isinstance(value, str):
        return bytes(value)
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SerializerError(f"cannot write a str as UTF-8: {error}") from None


def _as_text(value: object) -> bytes:
    """As PHP turns it into a string."""
    if value is None or value is False:
        return b""
    return b"1" if value is True else write(value, 0).split(b":", 1)[1][:-1]
