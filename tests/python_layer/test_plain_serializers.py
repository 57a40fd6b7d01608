"""RawSerializer, JsonSerializer and PickleSerializer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    JsonSerializer,
    PickleSerializer,
    RawSerializer,
    Serializer,
    SerializerError,
    UnsupportedValue,
    Worker,
)
from gearman_cffi.serializers import BY_NAME
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import handlers, running

EVERY_BYTE = bytes(range(256))


@pytest.mark.parametrize("serializer", [RawSerializer(), JsonSerializer(), PickleSerializer()])
def test_they_are_serializers(serializer: object) -> None:
    assert isinstance(serializer, Serializer)


@pytest.mark.parametrize("wrong", ["json", JsonSerializer, 5])
def test_an_object_that_is_not_a_serializer(wrong: Any) -> None:
    """Raises in the constructor, not with the first job."""
    for kind in (Client, Worker):
        with pytest.raises(TypeError, match=r"an object with serialize\(\) and unserialize\(\)"):
            kind("127.0.0.1:4730", serializer=wrong)


class TestRaw:
    @pytest.mark.parametrize("value", [b"", EVERY_BYTE, bytearray(b"ab"), memoryview(b"ab")])
    def test_bytes_are_unchanged(self, value: Any) -> None:
        assert RawSerializer().serialize(value) == bytes(value)
        assert RawSerializer().unserialize(bytes(value)) == bytes(value)

    def test_str_is_sent_as_utf8(self) -> None:
        assert RawSerializer().serialize("é") == b"\xc3\xa9"
        assert RawSerializer().unserialize(b"\xc3\xa9") == b"\xc3\xa9"

    @pytest.mark.parametrize("value", [None, 5, 1.5, True, [b"x"], {}])
    def test_unsupported_types(self, value: Any) -> None:
        with pytest.raises(TypeError, match="use PhpSerializer, JsonSerializer or PickleSerializer"):
            RawSerializer().serialize(value)

    def test_a_lone_surrogate(self) -> None:
        with pytest.raises(SerializerError, match="UTF-8"):
            RawSerializer().serialize("\ud800")

    def test_the_result_none_is_empty(self) -> None:
        assert RawSerializer().serialize_result(None) == b""
        assert RawSerializer().serialize_result("text") == b"text"
        with pytest.raises(TypeError, match="not int"):
            RawSerializer().serialize_result(5)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_handler_without_a_return_value(gearmand: Gearmand, name: str) -> None:
    """Its job succeeds with an empty result."""
    serializer = BY_NAME[name]()
    with running(gearmand, handlers(log=lambda job: None), serializer=serializer):
        answer = Client(gearmand.address, serializer, timeout=20).execute_job("log", "text")
    assert answer == (b"" if name == "raw" else None)


def test_serializers_by_name() -> None:
    assert {name: kind.__name__ for name, kind in BY_NAME.items()} == {
        "php": "PhpSerializer",
        "json": "JsonSerializer",
        "pickle": "PickleSerializer",
        "raw": "RawSerializer",
    }
    assert all(isinstance(make(), Serializer) for make in BY_NAME.values())


class TestJson:
    @pytest.mark.parametrize("value", [None, True, 5, 1.5, "é", [1, [2]], {"a": {"b": None}}, "", 2**70])
    def test_both_ways(self, value: Any) -> None:
        assert JsonSerializer().unserialize(JsonSerializer().serialize(value)) == value

    def test_it_is_compact_utf8(self) -> None:
        assert JsonSerializer().serialize({"é": [1, 2]}) == b'{"\xc3\xa9":[1,2]}'

    @pytest.mark.parametrize("value", [b"x", {1, 2}, object()])
    def test_unsupported_types(self, value: Any) -> None:
        with pytest.raises(UnsupportedValue, match=type(value).__name__):
            JsonSerializer().serialize(value)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
    def test_unsupported_values(self, value: Any) -> None:
        with pytest.raises(SerializerError):
            JsonSerializer().serialize(value)

    def test_a_value_that_contains_itself(self) -> None:
        endless: list[Any] = []
        endless.append(endless)
        with pytest.raises(SerializerError):
            JsonSerializer().serialize(endless)

    @pytest.mark.parametrize("data", [b"{", b"x", b"\xff\xfe\xfd", b"1 2", b"[" * 1_000_000])
    def test_invalid_json(self, data: bytes) -> None:
        with pytest.raises(SerializerError, match="invalid JSON"):
            JsonSerializer().unserialize(data)

    def test_an_empty_answer_is_none(self) -> None:
        assert JsonSerializer().unserialize(b"") is None


class TestPickle:
    @pytest.mark.parametrize("value", [None, {1, 2}, EVERY_BYTE, datetime(2026, 1, 2), {(1, 2): [1j]}])
    def test_both_ways(self, value: Any) -> None:
        assert PickleSerializer().unserialize(PickleSerializer().serialize(value)) == value

    def test_a_value_that_cannot_be_pickled(self) -> None:
        with pytest.raises(SerializerError, match="cannot pickle"):
            PickleSerializer().serialize(lambda: None)

    @pytest.mark.parametrize(
        "data", [b"x", b"\x80\x04", b"cno_such_module\nname\n.", PickleSerializer().serialize(5)[:-1]]
    )
    def test_an_invalid_pickle(self, data: bytes) -> None:
        with pytest.raises(SerializerError, match="cannot read the data as a pickle"):
            PickleSerializer().unserialize(data)

    def test_an_empty_answer_is_none(self) -> None:
        assert PickleSerializer().unserialize(b"") is None

    def test_the_docstring_warns(self) -> None:
        assert "WARNING" in (PickleSerializer.__doc__ or "")
