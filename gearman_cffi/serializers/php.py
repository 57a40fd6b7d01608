"""PhpSerializer: PHP's serialize() and unserialize(), as dmank/gearman uses them on the wire."""

from __future__ import annotations

import re
from typing import Any

from gearman_cffi.exceptions import SerializerError
from gearman_cffi.serializers.php_read import Reader, text_or_bytes
from gearman_cffi.serializers.php_write import encode_string, write

MAX_DEPTH = 512
MAX_SIZE = 256 * 1024 * 1024
PHP_MAX_DEPTH = 4096  # the default of PHP's unserialize_max_depth

# A scalar is as short as ordinary text, so it counts only if it is all of the data. Text does not begin as strings,
# arrays and objects do: data that begins so and cannot be read is an error, not text.
_SCALAR = re.compile(rb"N;|b:[01];|i:[+-]?[0-9]{1,20};|d:[-+.0-9eEINFA]{1,512};|[rR]:[0-9]{1,12};")
_BEGINNING = re.compile(rb'[sOCE]:[0-9]+:"|a:[0-9]+:\{')


def is_serialized(value: object) -> bool:
    """Whether a value is exactly one value in PHP's serialize format.

    Unlike dmank's StringHelper::isSerialized(), data after the value makes it False, and objects and enums of any class
    make it True.

    Args:
        value: A str or a bytes-like object; any other type is not serialized.

    Returns:
        True or False.

    Example:
            assert is_serialized("i:5;")
            assert not is_serialized("5")

    Equivalent to dmank's StringHelper::isSerialized().
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
    """PHP's serialize format, which dmank/gearman sends and reads. The default of Client and Worker.

    It writes None, bool, int of 64 bits, float, str (as UTF-8), bytes, list, tuple and dict, also nested. Keys of a
    dict are int or str; as in PHP, the key "5" is the key 5. It reads a PHP string as str if it is valid UTF-8, else as
    bytes; an array as list if its keys are 0, 1, 2 ... in order, else as dict; an object as PhpObject or PhpEnumCase,
    never as an instance of its class. References raise SerializerError.

    dmank's workers send a result that is text as it is, and an array serialized; so does this class. It serializes all
    other results, so that the client gets the value that the handler returned.

    Args:
        pass_serialized: With True, as dmank does, a str or bytes that is already serialized is sent unchanged, so that
            the text "i:5;" arrives as the int 5. With False every string arrives as it is; use that if texts come from
            people or programs that you do not trust.
        strict: With False, as dmank does, data that is not serialized is returned as str or bytes. With True it raises.
            Data that begins like a serialized string, array or object and cannot be read raises in both cases.
        max_depth: How deep arrays may be nested, in both directions.
        max_size: How many bytes are read.
        dmank_results: With True a worker converts results that are not arrays to text, as dmank's workers do: None and
            False are empty, True is "1", 42 is "42". Clients written for such a worker may rely on that.

    Example:
            serializer = PhpSerializer(pass_serialized=False, strict=True)
            client = Client("127.0.0.1:4730", serializer)
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
        """Returns what PHP's serialize() returns.

        Args:
            value: The value.

        Returns:
            The bytes to send.

        Raises:
            UnsupportedValue: The format does not have the type.
            SerializerError: The value cannot be converted.

        Example:
                assert PhpSerializer().serialize({"to": "Anna"}) == b'a:1:{s:2:"to";s:4:"Anna";}'

        Equivalent to serialize() of PHP.
        """
        if self.pass_serialized and is_serialized(value):
            return value.encode("utf-8") if isinstance(value, str) else bytes(value)
        return write(value, self.max_depth)

    def serialize_result(self, value: Any) -> bytes:
        """serialize() for a worker's result: text is sent as it is, unless a reader would take it for serialized.

        Args:
            value: The value.

        Returns:
            The bytes to send.

        Raises:
            UnsupportedValue: The format does not have the type.
            SerializerError: The value cannot be converted.

        Example:
                assert PhpSerializer().serialize_result("done") == b"done"
                assert PhpSerializer().serialize_result(["done"]) == b'a:1:{i:0;s:4:"done";}'
        """
        if self.dmank_results and (value is None or isinstance(value, (bool, int, float))):
            return _as_text(value)
        if not self.strict and isinstance(value, (str, bytes, bytearray, memoryview)):
            data = encode_string(value)
            if not _looks_serialized(data):
                return data
        return self.serialize(value)

    def unserialize(self, data: bytes) -> Any:
        """Returns what PHP's unserialize() returns.

        Args:
            data: What the other side has sent.

        Returns:
            The value.

        Raises:
            SerializerError: The data cannot be read, or exceeds max_size or max_depth.

        Example:
                assert PhpSerializer().unserialize(b'a:1:{s:2:"to";s:4:"Anna";}') == {"to": "Anna"}

        Equivalent to unserialize() of PHP.
        """
        if not self.strict and not _looks_serialized(data):
            return text_or_bytes(data)
        if len(data) > self.max_size:
            raise SerializerError(
                f"the serialized data has {len(data)} bytes, more than {self.max_size}; "
                "PhpSerializer(max_size=...) raises the limit"
            )
        return Reader(data, self.max_depth).read()


def _looks_serialized(data: bytes) -> bool:
    return bool(_BEGINNING.match(data) or _SCALAR.fullmatch(data))


def _as_text(value: object) -> bytes:
    """What PHP converts the value to as a string."""
    if value is None or value is False:
        return b""
    return b"1" if value is True else write(value, 0).split(b":", 1)[1][:-1]
