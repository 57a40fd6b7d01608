"""Names, data and integers that PHP converts silently, and those that it refuses."""
# ruff: noqa: F403, F405

from __future__ import annotations

import math
import types
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import (
    head,
    isolated,
    join_kid,
    muted,
    out,
    port,
    show,
    start_gearmand,
    v,
    value,
    worker,
)

P = port("P")
start_gearmand(P)


class Text:
    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class OopsError(Exception):
    code = 3


class Broken:
    def __str__(self) -> str:
        raise OopsError("no text")


def cl() -> Any:
    c = GearmanClient()
    c.addServer("127.0.0.1", P)
    c.setTimeout(5000)
    return c


def wk() -> Any:
    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.setTimeout(2000)
    return w


def as_text(x: object) -> str:
    """Returns PHP's (string)$x as the mirror converts it; the scenarios compare it with PHP."""
    c: Any = GearmanClient()
    c.setContext(x)
    return str(c.context())


texts: dict[str, Any] = {
    "int": 5,
    "negative": -7,
    "zero": 0,
    "the largest": 2**63 - 1,
    "the smallest": -(2**63),
    "float": 1.5,
    "integral float": 1.0,
    "negative zero": -0.0,
    "a sum": 0.1 + 0.2,
    "1e14": 1e14,
    "1e15": 1e15,
    "123456789012345678.0": 123456789012345678.0,
    "1e25": 1e25,
    "1.5e-7": 1.5e-7,
    "-2.5e-300": -2.5e-300,
    "INF": math.inf,
    "-INF": -math.inf,
    "NAN": math.nan,
    "true": True,
    "false": False,
    "object": Text("t5"),
    "object with spaces": Text(" a b "),
    "object without a text": Text(""),
    "object in UTF-8": Text("jérôme"),
}
head("as names and data")
for label, text in texts.items():

    @isolated(label, text)
    def _(x: Any) -> None:
        c = cl()
        w = wk()
        value("setContext", c.setContext, x)
        show("context", c.context())
        value("setId", w.setId, x)
        value("jobStatus", c.jobStatus, x)
        value("jobStatusByUniqueKey", cl().jobStatusByUniqueKey, x)
        value("client ping", c.ping, x)
        value("worker ping", w.ping, x)
        value("register", w.register, x)
        value("unregister", w.unregister, x)
        name = "name" + as_text(x)
        value("doBackground", lambda: c.doBackground(name, "data", x) != "")
        w.register(name)
        j = w.grabJob()
        out(v([j.functionName(), j.unique(), j.workload()]))
        j.sendComplete("")
        del j
        w = wk()
        w.register(x)
        value("doHighBackground", lambda: c.doHighBackground(x, x, "key") != "")
        if as_text(x) == "":
            return
        j = w.grabJob()
        out(v([j.functionName(), j.unique(), j.workload()]))
        value("sendStatus", j.sendStatus, 1, 2)
        value("sendComplete", j.sendComplete, x)


head("addFunction")
for number in (5, 1.5, True, Text("t5")):
    value("addFunction", wk().addFunction, number, lambda job: None)
head("of tasks")
for label, text in texts.items():

    @isolated(label, text)
    def _(x: Any) -> None:
        c = cl()
        for t in (c.addTask("f", x, None, x), c.addTaskBackground(x, "data"), c.addTaskStatus(x)):
            if t:
                out(v([t.functionName(), t.unique()]))


head("of jobs")
for label, text in texts.items():

    @isolated(label, text)
    def _(x: Any) -> None:
        def send(j: GearmanJob) -> Any:
            value("sendData", j.sendData, x)
            value("sendWarning", j.sendWarning, x)
            return x

        def fail(j: GearmanJob) -> None:
            value("sendException", j.sendException, x)

        kid = worker(P, {"send": send, "raise": fail}, 2)
        c = cl()
        for n in ("Data", "Warning", "Complete", "Exception", "Fail"):
            getattr(c, f"set{n}Callback")(lambda t, n=n: out(f"{n} {v(t.data())}"))
        c.addTask("send", "W")
        value("runTasks", c.runTasks)
        c.addTask("raise", "W")
        value("runTasks", c.runTasks)
        join_kid(kid)


head("that are none")
x: Any
for label, x in {
    "array": [],
    "array with an element": [5],
    "object": types.SimpleNamespace(),
    "broken object": Broken(),
}.items():
    out(f"-- {label}")
    c = cl()
    w = wk()
    value("setContext", c.setContext, x)
    value("setId", w.setId, x)
    value("jobStatus", c.jobStatus, x)
    value("ping", c.ping, x)
    value("doBackground", c.doBackground, x, "data")
    value("doBackground, data", c.doBackground, "f", x)
    value("doBackground, key", c.doBackground, "f", "data", x)
    value("addTask", c.addTask, "f", x)
    value("register", w.register, x)
    value("addServer", c.addServer, x)
c = GearmanClient()
w = GearmanWorker()
numbers: list[Any] = ["7", "-7", "+7", " 7", "7 ", " \t\n\r\v\f7 \t\n\r\v\f", "007", "7.0", "7.", ".7e1", "7e0", "7E+0"]
numbers += ["70e-1", "0.00007e5", "0", "-0", "-0.0", "+0", "2147483647", "-2147483648", "1e3"]
numbers += [7.0, -7.0, -0.0, 1e3, 2147483647.0, True, False]
no_integers: list[Any] = [
    "7abc",
    "7 x",
    "abc",
    "",
    " ",
    ".",
    "+",
    "-",
    "e5",
    "1e",
    "1e+",
    "0x1A",
    "0b11",
    "0o7",
    "1_000",
]
no_integers += ["٣", "７", "\u00a07", "INF", "inf", "NAN", "nan", "- 7", "+-7", "--7", "7,0", "7\0", "\0" + "7"]  # noqa: RUF001
no_integers += ["1e999", "true", "None", math.inf, -math.inf, math.nan, [], [7], types.SimpleNamespace(), Text("7")]
head("as integers")


def send_status(x: Any) -> bool:
    with muted():
        return GearmanJob().sendStatus(x, x)


for x in numbers:
    out(f"-- {v(x)}")
    value("setTimeout", c.setTimeout, x)
    show("timeout", c.timeout())
    value("worker setTimeout", w.setTimeout, x)
    show("timeout", w.timeout())
    value("sendStatus", send_status, x)
for x in ("2", " 2 ", "2.0", 2.0, "2e0"):
    out(f"-- {v(x)} as others")
    value("setOptions", c.setOptions, x)
    show("options", c.options())
    value("removeOptions", c.removeOptions, x)
    show("options", c.options())
    value("worker addOptions", w.addOptions, x)
    show("options", w.options())
    value("addServer", c.addServer, "127.0.0.1", x, False)
    value("addFunction", w.addFunction, "f", lambda job: None, None, x)
    value("register", w.register, "f", x)
    j: Any = GearmanJob()
    value("setReturn", j.setReturn, x)
    show("returnCode", j.returnCode())
    t: Any = GearmanTask()
    value("recvData", t.recvData, x)
    value("gearman_verbose_name", gearman_verbose_name, x)
head("that are no integers")
for x in no_integers:
    out(f"-- {v(x)}")
    value("setTimeout", c.setTimeout, x)
    j = GearmanJob()
    value("sendStatus", j.sendStatus, 1, x)
    value("addServer", c.addServer, "127.0.0.1", x)
    value("setReturn", j.setReturn, x)
head("with a fraction or out of range")
for x in ("1.5", "1e-1", " 2.5 ", 2.5, -0.5, 1e30, "1e30", "99999999999999999999", "9223372036854775808"):
    out(f"-- {v(x)}")
    value("setTimeout", c.setTimeout, x)
head("sendStatus of a running job")
for status_number in ("7", " 7 ", "7.0", 7.0, 50.0, True, False, "-1", -1.0, "4294967295"):

    @isolated(v(status_number), status_number)
    def _(x: Any) -> None:
        def status(j: Any) -> None:
            value("sendStatus", j.sendStatus, x, 100.0)

        kid = worker(P, {"status": status})
        c = cl()
        c.setStatusCallback(lambda t: out(v([t.taskNumerator(), t.taskDenominator()])))
        c.addTask("status", "W")
        c.runTasks()
        join_kid(kid)


head("as bool")
DOWN = port("DOWN")
for x in (True, False, 1, 0, 0.0, 0.5, "", "0", "1", "false", "0.0", " "):
    out(f"-- {v(x)}")
    c = GearmanClient()
    value("addServer", c.addServer, "127.0.0.1", DOWN, x)
    value("addServers", c.addServers, f"127.0.0.1:{DOWN}", x)
