"""The arguments and the return values of a worker's function."""
# ruff: noqa: F403, F405

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import head, isolated, join_kid, out, show, spawn, until_ready, v
from tests.parity.python.one_job import P, cl, scenario

head("return values")
results: dict[str, object] = {
    "string": "abc",
    "empty": "",
    "null": None,
    "true": True,
    "false": False,
    "0": 0,
    "42": 42,
    "WORK_FAIL": GEARMAN_WORK_FAIL,
    "float": 1.5,
    "whole float": 3.0,
    "NUL": b"a\0b",
}


def returns(result: object) -> Callable[..., object]:
    return lambda job, context: result


for label, result in results.items():
    scenario(label, returns(result))
scenario("nothing", lambda job, context: None)
scenario("sendData only", lambda job, context: job.sendData("d") and None)
scenario("array", returns([1, 2]))
scenario("object", returns(SimpleNamespace()))
head("arguments")
scenario("no context", lambda *a: f"{len(a)} {v(a)}")
for label, x in {"string": "CTX", "null": None, "array": {"k": 1}}.items():
    scenario(f"context {label}", lambda *a: f"{len(a)} {v(a)}", 1, [x])
scenario("three parameters", lambda a, b, c: "x")


def accessors(j: GearmanJob, context: object) -> str:
    known = [j.handle() != "", j.functionName() != ""]
    return v([*known, j.unique(), j.workload(), j.workloadSize(), j.returnCode()])


def procedural(j: GearmanJob, context: object) -> str:
    return v(
        [
            gearman_job_handle(j) == j.handle(),
            gearman_job_function_name(j) == j.functionName(),
            gearman_job_unique(j),
            gearman_job_workload(j),
            gearman_job_workload_size(j),
            gearman_job_return_code(j),
            gearman_job_send_data(j, "D"),
            gearman_job_send_warning(j, "W"),
            gearman_job_send_status(j, 1, 2),
            gearman_job_set_return(j, 0),
            gearman_job_send_complete(j, "C"),
            gearman_job_send_fail(j),
        ]
    )


scenario("accessors", accessors)
scenario("procedural", procedural)
head("a context over two jobs")


def serve(name: str, function: Callable[..., Any], context: Any) -> None:
    w = GearmanWorker()
    w.addServer("127.0.0.1", P)
    w.addFunction(name, function, context)
    w.setTimeout(5000)
    w.work()
    w.work()


def two(label: str, name: str, function: Callable[..., Any], context: Any) -> None:
    out(f"-- {label}")
    k = spawn(serve, name, function, context, name="w")
    until_ready(P, name)

    @isolated("")
    def _() -> None:
        c = cl()
        for _ in range(2):
            show("doNormal", c.doNormal(name, "W"))

    join_kid(k)


def number(job: GearmanJob, x: int) -> str:
    x += 1
    return f"x={x}"


def thing(job: GearmanJob, x: SimpleNamespace) -> str:
    x.n += 1
    return f"n={x.n}"


two("a number", "two1", number, 10)
two("an object", "two2", thing, SimpleNamespace(n=0))
