"""PhpSerializer reading: lists and dicts, objects as records, invalid data and hostile data."""

from __future__ import annotations

import time

import pytest

from gearman_cffi import (
    PhpEnumCase,
    PhpObject,
    PhpSerializer,
    SerializerError,
    is_serialized,
)

php = PhpSerializer()
plain = PhpSerializer(pass_serialized=False, strict=True)


class TestReading:
    def test_lists_and_dicts(self) -> None:
        assert php.unserialize(b"a:2:{i:0;i:7;i:1;i:8;}") == [7, 8]
        assert php.unserialize(b"a:2:{i:1;i:7;i:0;i:8;}") == {1: 7, 0: 8}
        assert php.unserialize(b"a:1:{i:1;i:7;}") == {1: 7}
        assert php.unserialize(b'a:1:{s:1:"0";i:7;}') == [7]

    def test_valid_utf8_is_str_other_data_bytes(self) -> None:
        assert php.unserialize(b's:2:"\xc3\xa9";') == "é"
        assert php.unserialize(b's:2:"\xc3\x28";') == b"\xc3\x28"

    def test_false_is_a_value(self) -> None:
        assert php.unserialize(b"b:0;") is False

    @pytest.mark.parametrize("data", [b"", b"hello", b"i:5", b"0", b'{"a":1}', b"i:5;more", b"N;N;", b"b:2;", b"a:"])
    def test_data_that_is_not_serialized(self, data: bytes) -> None:
        assert php.unserialize(data) == data.decode()
        with pytest.raises(SerializerError):
            plain.unserialize(data)

    def test_data_that_is_neither_serialized_nor_utf8(self) -> None:
        assert php.unserialize(b"\xff\xd8\xff") == b"\xff\xd8\xff"

    @pytest.mark.parametrize(
        "data",
        [
            b's:5:"hell',
            b's:3:"hello";',
            b's:9:"hello";',
            b's:5:"hello";more',
            b's:99999999999999999999:"x";',
            b"a:2:{i:0;i:1;}",
            b"a:1:{i:0;i:1;i:1;i:2;}",
            b"a:1:{i:0;i:1;",
            b"a:1:{N;i:1;}",
            b"a:1:{a:0:{}i:1;}",
            b"a:1:{i:0;x}",
            b"a:1:{i:0;i:9223372036854775808;}",
            b"a:1:{i:0;d:1.2.3;}",
            b"a:1:{i:0;d:1e;}",
            b'O:3:"Foo":1:{s:1:"a";',
            b'O:3:"Foo":x:{}',
            b'O:3:"F o":0:{}',
            b'C:3:"Foo":9:{abc}',
            b'E:3:"Foo";',
            b'E:3:"F:";',
        ],
    )
    def test_invalid_data_raises(self, data: bytes) -> None:
        with pytest.raises(SerializerError, match="at byte"):
            php.unserialize(data)
        assert not is_serialized(data)

    @pytest.mark.parametrize("data", [b"a:2:{i:0;i:1;i:1;R:2;}", b"a:2:{i:0;i:1;i:1;r:1;}"])
    def test_references_raise(self, data: bytes) -> None:
        with pytest.raises(SerializerError, match="references"):
            php.unserialize(data)
        assert is_serialized(data)  # PHP reads it

    def test_a_size_that_is_too_large(self) -> None:
        with pytest.raises(SerializerError, match="max_size"):
            PhpSerializer(max_size=10).unserialize(b's:9:"123456789";')
        assert PhpSerializer(max_size=10).unserialize(b"x" * 50) == "x" * 50


class TestObjects:
    def test_an_object_is_a_record(self) -> None:
        data = b'O:5:"Point":3:{s:1:"x";i:1;s:4:"\0*\0y";i:2;s:8:"\0Point\0z";a:0:{}}'
        point = php.unserialize(data)
        assert point == PhpObject("Point", {"x": 1, "y": 2, "z": []})
        with pytest.raises(AttributeError):
            point.class_name = "Other"
        with pytest.raises(TypeError):
            point.properties["x"] = 3

    def test_a_private_property_of_a_parent_has_its_class_name(self) -> None:
        data = b'O:1:"B":2:{s:4:"\0B\0p";i:1;s:4:"\0A\0p";i:2;}'
        assert php.unserialize(data).properties == {"p": 1, "A::p": 2}

    def test_objects_with_their_own_format(self) -> None:
        assert php.unserialize(b'C:3:"Foo":5:{a}b;c}') == PhpObject("Foo", {}, b"a}b;c")

    def test_enums(self) -> None:
        assert php.unserialize(b'E:11:"Suit:Hearts";') == PhpEnumCase("Suit", "Hearts")

    def test_objects_in_arrays(self) -> None:
        assert php.unserialize(b'a:1:{i:0;O:5:"A\\B_1":0:{}}') == [PhpObject("A\\B_1")]

    @pytest.mark.parametrize("name", ["builtins.print", "os.system", "PhpSerializer", "__main__"])
    def test_no_class_is_instantiated(self, name: str) -> None:
        data = b'O:%d:"%b":1:{s:1:"a";i:1;}' % (len(name), name.encode())
        try:
            assert php.unserialize(data) == PhpObject(name, {"a": 1})
        except SerializerError:
            assert "." in name


class TestHostileData:
    """It raises, in linear time, and allocates no memory for sizes that the data only claims."""

    @pytest.mark.parametrize(
        "data",
        [
            b"a:1:{i:0;" * 1_000_000,
            b'O:1:"A":1:{s:1:"a";' * 500_000,
            b"a:999999999999:{i:0;",
            b's:999999999999:"x',
            b'C:1:"A":999999999999:{x}',
            b"a:1:{i:0;i:" + b"9" * 5_000_000 + b";}",
            b"a:1:{i:0;d:" + b"1" * 5_000_000 + b"x;}",
            b"a:1:{i:" + b"9" * 5_000_000 + b";N;}",
            b"s:" + b"9" * 5_000_000 + b':"',
            b"a:" + b"9" * 5_000_000 + b":{",
        ],
        ids=lambda data: repr(data[:12]),
    )
    def test_it_raises_quickly(self, data: bytes) -> None:
        began = time.process_time()
        with pytest.raises(SerializerError):
            php.unserialize(data)
        assert time.process_time() - began < 2

    def test_a_long_text_of_digits_is_read_quickly(self) -> None:
        began = time.process_time()
        for data in (b"i:" + b"9" * 5_000_000, b"s:" + b"9" * 5_000_000, b"d:" + b"1" * 5_000_000 + b";x"):
            assert php.unserialize(data) == data.decode()
        assert time.process_time() - began < 2

    def test_a_large_value_takes_linear_time(self) -> None:
        data = php.serialize([{"id": number, "name": "n"} for number in range(50_000)])
        began = time.process_time()
        assert len(php.unserialize(data)) == 50_000
        assert time.process_time() - began < 5
