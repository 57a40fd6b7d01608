"""PhpSerializer by example: what it writes and reads, what raises, and how fast it is."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from gearman_cffi import (
    GearmanException,
    PhpObject,
    PhpSerializer,
    Serializer,
    SerializerError,
    UnsupportedValue,
    is_serialized,
)

php = PhpSerializer()
plain = PhpSerializer(pass_serialized=False, strict=True)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, b"N;"),
        (True, b"b:1;"),
        (False, b"b:0;"),
        (5, b"i:5;"),
        (-(2**63), b"i:-9223372036854775808;"),
        (1.5, b"d:1.5;"),
        (0.1, b"d:0.1;"),
        (100000.0, b"d:100000;"),
        (1e100, b"d:1.0E+100;"),
        (1.23e-5, b"d:1.23E-5;"),
        (1e16, b"d:10000000000000000;"),
        (1.2345678901234568e17, b"d:1.2345678901234568E+17;"),
        (-0.0, b"d:-0;"),
        (float("inf"), b"d:INF;"),
        (float("-inf"), b"d:-INF;"),
        ("", b's:0:"";'),
        ("hello", b's:5:"hello";'),
        ("é", b's:2:"\xc3\xa9";'),
        ('a";b', b's:4:"a";b";'),
        (b"\xff\0", b's:2:"\xff\0";'),
        ([], b"a:0:{}"),
        ([1, [2]], b"a:2:{i:0;i:1;i:1;a:1:{i:0;i:2;}}"),
        ({"a": 1, 7: None}, b'a:2:{s:1:"a";i:1;i:7;N;}'),
    ],
)
def test_both_ways(value: Any, data: bytes) -> None:
    assert plain.serialize(value) == data
    again = plain.unserialize(data)
    assert again == value
    assert type(again) is type(value)
    assert str(again) == str(value)  # -0.0 == 0.0


def test_nan() -> None:
    assert plain.serialize(float("nan")) == b"d:NAN;"
    assert str(plain.unserialize(b"d:NAN;")) == "nan"


def test_it_is_a_serializer() -> None:
    assert isinstance(php, Serializer)


class TestWriting:
    @pytest.mark.parametrize("value", [(1, 2), [1, 2]])
    def test_tuples_are_lists(self, value: Any) -> None:
        assert php.serialize(value) == b"a:2:{i:0;i:1;i:1;i:2;}"

    @pytest.mark.parametrize("value", [bytearray(b"ab"), memoryview(b"ab")])
    def test_bytes_like_objects(self, value: Any) -> None:
        assert php.serialize(value) == b's:2:"ab";'

    def test_other_mappings(self) -> None:
        assert php.serialize(MappingProxyType({"a": 1})) == b'a:1:{s:1:"a";i:1;}'

    @pytest.mark.parametrize(
        ("key", "written"),
        [("5", b"i:5;"), (b"5", b"i:5;"), ("-5", b"i:-5;"), ("05", b's:2:"05";'), ("-0", b's:2:"-0";')],
    )
    def test_numeric_keys_are_ints_as_in_php(self, key: Any, written: bytes) -> None:
        assert php.serialize({key: None}) == b"a:1:{" + written + b"N;}"

    @pytest.mark.parametrize("value", [{5: 1, "5": 2}, {"a": 1, b"a": 2}])
    def test_keys_that_are_equal_in_php(self, value: Any) -> None:
        with pytest.raises(SerializerError, match="same key in PHP"):
            php.serialize(value)

    @pytest.mark.parametrize("key", [None, True, 1.5, (1,)])
    def test_keys_that_php_would_convert(self, key: Any) -> None:
        with pytest.raises(UnsupportedValue, match="convert the key"):
            php.serialize({key: 1})

    @pytest.mark.parametrize("value", [{1}, object(), 1j, range(3), PhpObject("A"), int])
    def test_unsupported_types(self, value: Any) -> None:
        with pytest.raises(UnsupportedValue, match=type(value).__name__) as caught:
            php.serialize([value])
        assert isinstance(caught.value, (TypeError, ValueError))
        assert isinstance(caught.value, GearmanException)

    @pytest.mark.parametrize("value", [2**63, -(2**63) - 1, {2**63: 1}])
    def test_ints_beyond_64_bits(self, value: Any) -> None:
        with pytest.raises(SerializerError, match="64 bits"):
            php.serialize(value)

    def test_a_lone_surrogate(self) -> None:
        with pytest.raises(SerializerError, match="UTF-8"):
            php.serialize("\ud800")

    def test_a_value_that_contains_itself(self) -> None:
        endless: list[Any] = []
        endless.append(endless)
        with pytest.raises(SerializerError, match="contains itself"):
            php.serialize(endless)

    def test_a_million_levels(self) -> None:
        value: list[Any] = []
        for _ in range(1_000_000):
            value = [value]
        with pytest.raises(SerializerError, match="nested deeper than 512"):
            php.serialize(value)
        while value:  # level by level: Python would free it by recursion
            value = value[0]

    def test_max_depth(self) -> None:
        value: Any = 1
        for _ in range(512):
            value = [value]
        assert php.unserialize(php.serialize(value)) == value
        with pytest.raises(SerializerError, match="nested deeper"):
            php.serialize([value])
        assert PhpSerializer(max_depth=513).serialize([value])


class TestAlreadySerialized:
    """dmank sends such a text unchanged. PhpSerializer does the same unless pass_serialized=False."""

    def test_it_is_sent_unchanged(self) -> None:
        assert php.serialize("i:5;") == b"i:5;"
        assert php.serialize(b'a:1:{i:0;s:1:"\xff";}') == b'a:1:{i:0;s:1:"\xff";}'
        assert php.serialize(["i:5;"]) == b'a:1:{i:0;s:4:"i:5;";}'  # only as a whole

    @pytest.mark.parametrize("text", ["i:5;more", "i:5", "", "hello", "N", 's:4:"foo";'])
    def test_other_texts_are_serialized(self, text: str) -> None:
        assert php.serialize(text) == b's:%d:"%b";' % (len(text), text.encode())
        assert php.unserialize(php.serialize(text)) == text

    def test_without_pass_serialized_every_text_arrives_unchanged(self) -> None:
        for text in ("i:5;", "N;", "b:0;", 's:3:"foo";', "hello", ""):
            assert plain.unserialize(plain.serialize(text)) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("N;", True),
        ("b:0;", True),
        (b"i:5;", True),
        ("d:1.5;", True),
        ('s:3:"foo";', True),
        (bytearray(b"a:0:{}"), True),
        ('O:7:"Unknown":0:{}', True),
        ('C:3:"Foo":0:{}', True),
        ('s:10:"s:3:"foo";";', True),
        ("a:1:{i:0;" * 600 + "N;" + "}" * 600, True),
        ("foo", False),
        ("", False),
        ("i:5", False),
        ("i:5;garbage", False),
        ("b:0; ", False),
        (" b:0;", False),
        ('s:3:"fooo";', False),
        ("x:1;", False),
        (5, False),
        (None, False),
        (True, False),
        ([1], False),
        (object(), False),
        ("\ud800", False),
    ],
)
def test_is_serialized(value: object, expected: bool) -> None:
    assert is_serialized(value) is expected
