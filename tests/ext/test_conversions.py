"""The mirror converts names, data and integers as PHP's weak mode does; tests/parity compares more of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

import pytest

from gearman_cffi.ext import (
    GEARMAN_SUCCESS,
    GEARMAN_WORK_FAIL,
    GearmanClient,
    GearmanJob,
    GearmanTask,
    GearmanWorker,
)
from gearman_cffi.testing import Gearmand
from tests.support import client_of, serving, shown


class Number(IntEnum):
    FIVE = 5
    FAIL = 24


class Text(str, Enum):
    NAME = "text"


class Named:
    def __str__(self) -> str:
        return "named"


KEY = uuid.UUID("12345678-1234-5678-1234-567812345678")
TEXTS = [
    (5, b"5"),
    (-7, b"-7"),
    (10**30, b"1" + b"0" * 30),
    (1.0, b"1"),
    (0.1 + 0.2, b"0.3"),
    (1e25, b"1.0E+25"),
    (True, b"1"),
    (Number.FIVE, b"5"),
    (Text.NAME, b"text"),
    (KEY, str(KEY).encode()),
    (Decimal("1.50"), b"1.50"),
    (Fraction(1, 3), b"1/3"),
    (PurePosixPath("a/b"), b"a/b"),
    (ValueError("as in PHP"), b"as in PHP"),
    (Named(), b"named"),
    (b"f\xfc", b"f\xfc"),
    (bytearray(b"f\xfc"), b"f\xfc"),
    (memoryview(b"f\xfc"), b"f\xfc"),
    ("f\udcfc", b"f\xfc"),
    ("jérôme", "jérôme".encode()),
]
NO_TEXTS = [None, [], ["f"], {}, (), {1}, 1j, object(), Named, len]


def encoded(name: str | bool) -> bytes:
    assert isinstance(name, str)
    return name.encode("utf-8", "surrogateescape")


class TestNamesAndData:
    """Everything that PHP converts to a string is accepted; anything else raises TypeError."""

    @pytest.mark.parametrize(("value", "text"), TEXTS, ids=shown)
    def test_a_job(self, shared_gearmand: Gearmand, value: Any, text: bytes) -> None:
        """As function, workload and unique key of a job, and as its result."""
        seen: list[tuple[bytes, bytes, bytes]] = []

        def function(job: GearmanJob, context: object) -> Any:
            seen.append((encoded(job.functionName()), job.workload(), encoded(job.unique())))
            return value

        worker: Any = GearmanWorker()
        worker.addServer("127.0.0.1", shared_gearmand.port)
        assert worker.addFunction(value, function) is True
        client: Any = client_of(shared_gearmand)
        task = client.addTask(value, value, None, value)
        assert (encoded(task.functionName()), encoded(task.unique())) == (text, text)
        with serving(shared_gearmand, **{text.decode("utf-8", "surrogateescape"): function}):
            assert client.doNormal(value, value, value) == text
        assert seen == [(text, text, text)] * len(seen)
        assert client.setContext(value) is True
        assert encoded(client.context()) == text

    @pytest.mark.parametrize("value", NO_TEXTS, ids=shown)
    def test_no_text(self, value: Any) -> None:
        """Each parameter refuses it, and the message names the parameter."""
        client: Any = GearmanClient()
        worker: Any = GearmanWorker()
        calls: list[tuple[Callable[[], Any], str]] = [
            (lambda: client.addTask(value, "w"), "function_name"),
            (lambda: client.addTask("f", value), "workload"),
            (lambda: client.addTaskStatus(value), "job_handle"),
            (lambda: client.jobStatusByUniqueKey(value), "unique_key"),
            (lambda: client.setContext(value), "data"),
            (lambda: worker.addFunction(value, len), "function_name"),
            (lambda: worker.register(value), "function_name"),
            (lambda: worker.unregister(value), "function_name"),
            (lambda: worker.setId(value), "id"),
        ]
        for call, name in calls:
            with pytest.raises(TypeError, match=f"^{name} must be "):
                call()

    def test_a_text_that_raises(self) -> None:
        """The error of __str__ leaves the call."""

        class Broken:
            def __str__(self) -> str:
                raise LookupError("no text")

        client: Any = GearmanClient()
        with pytest.raises(LookupError, match="no text"):
            client.setContext(Broken())

    def test_lone_surrogates(self) -> None:
        """A str that cannot be encoded is refused, in names and in data."""
        client = GearmanClient()
        with pytest.raises(UnicodeEncodeError):
            client.addTask("\ud800", "w")
        with pytest.raises(UnicodeEncodeError):
            client.addTask("f", "\ud800")

    def test_bytes_that_are_not_utf_8(self, shared_gearmand: Gearmand) -> None:
        """A name that was read with surrogate escapes can be a result: its original bytes are sent."""
        name = b"f\xfc\xff"
        with serving(shared_gearmand, **{"f\udcfc\udcff": lambda job, context: job.functionName()}):
            assert client_of(shared_gearmand).doNormal(name, "w") == name


class TestIntegers:
    """Numeric texts and floats without a fraction are integers."""

    @pytest.mark.parametrize("value", ["7", b"7", " 7\n", "7.0", "7e0", ".7e1", 7.0, Number.FIVE, True], ids=shown)
    def test_taken(self, value: Any) -> None:
        """By every method that takes a number."""
        client: Any = GearmanClient()
        worker: Any = GearmanWorker()
        for one in (client, worker):
            assert one.setTimeout(value) is True
            assert one.timeout() == int(float(value))
            assert one.addServer("127.0.0.1", value, False) is True
        assert worker.addFunction("f", len, None, value) is True
        job: Any = GearmanJob()
        assert job.setReturn(value) is True
        assert job.returnCode() == int(float(value))
        task: Any = GearmanTask()
        assert task.recvData(value) is False

    @pytest.mark.parametrize(
        "value", ["7 x", b"7x", "0x7", "7_0", "", "nan", "inf", "1e", 7.5, "7.5", 1j, [7], Named()]
    )
    def test_refused(self, value: Any) -> None:
        """Values that PHP refuses, or accepts with a deprecation."""
        client: Any = GearmanClient()
        with pytest.raises(TypeError, match=r"^timeout must be an integer, not "):
            client.setTimeout(value)

    @pytest.mark.parametrize("value", [1e30, "1e30", "99999999999999999999", "-2147483649", 2147483648.0], ids=shown)
    def test_out_of_range(self, value: Any) -> None:
        """Numbers beyond the range of C raise ValueError with the number as it was given."""
        client: Any = GearmanClient()
        with pytest.raises(ValueError, match=r"^timeout must be between -2147483648 and 2147483647, not ") as caught:
            client.setTimeout(value)
        assert str(caught.value).endswith(repr(value))

    @pytest.mark.parametrize("value", [b"24x", b" 24", "24\udcfc", Number.FAIL], ids=shown)
    def test_return_codes(self, shared_gearmand: Gearmand, value: Any) -> None:
        """A callback may return bytes and enums too."""
        client = client_of(shared_gearmand)
        client.setDataCallback(lambda task: value)
        with serving(shared_gearmand, parts=lambda job, context: job.sendData("part") and "end"):
            client.addTask("parts", "w")
            client.runTasks()
        assert client.returnCode() == GEARMAN_WORK_FAIL

    @pytest.mark.parametrize("value", ["1e999", "-1e999", b" 1e999x"], ids=shown)
    def test_return_codes_beyond_a_float(self, shared_gearmand: Gearmand, value: Any) -> None:
        """A text that is infinite as a float is 0, as in PHP."""
        client = client_of(shared_gearmand)
        client.setCreatedCallback(lambda task: value)
        client.addTaskBackground("queue", "w")
        assert client.runTasks() is True
        assert client.returnCode() == GEARMAN_SUCCESS


class TestObjects:
    """Attributes and subclasses, as PHP's objects have them."""

    @pytest.mark.parametrize("cls", [GearmanClient, GearmanWorker, GearmanJob, GearmanTask])
    def test_attributes(self, cls: type) -> None:
        """Any object of the mirror and of a subclass takes attributes."""
        for kind in (cls, type("Sub", (cls,), {})):
            thing: Any = kind()
            thing.note = [1]
            assert thing.note == [1]
            with pytest.raises(AttributeError, match="has no attribute 'other'"):
                thing.other  # noqa: B018

    @pytest.mark.parametrize("cls", [GearmanClient, GearmanWorker])
    def test_without_the_constructor(self, cls: type) -> None:
        """If a class does not call the constructor, every method says so."""
        bare: Any = type("Bare", (cls,), {"__init__": lambda self: None})()
        calls = {"error", "options", "timeout", "getErrno", "enableExceptionHandler", "wait"}
        if cls is GearmanClient:
            calls |= {"context", "doJobHandle", "clearCallbacks", "runTasks"}
        else:
            calls |= {"unregisterAll", "grabJob", "work"}
        for call in calls:
            with pytest.raises(RuntimeError, match="does not call the constructor of its base class"):
                getattr(bare, call)()
