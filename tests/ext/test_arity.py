"""Callbacks and worker functions are called with as many arguments as they take, of job and context."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from gearman_cffi import ext
from gearman_cffi.ext import GearmanClient
from gearman_cffi.testing import Gearmand
from tests.support import client_of, serving


def count(*arguments: Any) -> str:
    return str(len(arguments))


class Counts:
    """An object with every kind of method, which can be called itself."""

    def method(self, job: Any) -> str:
        return count(job)

    def method_with_context(self, job: Any, context: Any) -> str:
        return count(job, context)

    @classmethod
    def of_the_class(cls, job: Any) -> str:
        return count(job)

    @staticmethod
    def static(job: Any) -> str:
        return count(job)

    def __call__(self, job: Any) -> str:
        return count(job)


@functools.wraps(lambda job: count(job))
def takes_all_and_passes_one(*arguments: Any) -> str:
    return count(*arguments)


@functools.wraps(lambda job, context: count(job, context))
def takes_one(job: Any) -> str:
    return count(job)


@functools.wraps(lambda job: count(job))
def takes_two(job: Any, context: Any) -> str:
    return count(job, context)


@functools.lru_cache
def cached(job: Any) -> str:
    return count(job)


def signed(job: Any, context: Any) -> str:
    return count(job, context)


signed.__signature__ = inspect.signature(lambda job, context: None)  # type: ignore[attr-defined]

FUNCTIONS: list[tuple[Callable[..., Any], int]] = [
    (lambda: count(), 0),
    (lambda job: count(job), 1),
    (lambda job, context: count(job, context), 2),
    (lambda job, context, more="": count(job, context), 2),
    (lambda job, /: count(job), 1),
    (lambda job, *, more="": count(job), 1),
    (lambda job, **more: count(job), 1),
    (lambda *arguments: count(*arguments), 2),
    (lambda job, *others: count(job, *others), 2),
    (Counts().method, 1),
    (Counts().method_with_context, 2),
    (Counts.of_the_class, 1),
    (Counts.static, 1),
    (Counts(), 1),
    (functools.partial(lambda more, job: count(job), "more"), 1),
    (takes_all_and_passes_one, 1),
    (takes_one, 1),
    (takes_two, 2),
    (cached, 1),
    (signed, 2),
]


@pytest.mark.parametrize(("function", "expected"), FUNCTIONS)
def test_a_function_gets_what_it_takes(shared_gearmand: Gearmand, function: Callable[..., Any], expected: int) -> None:
    """A function gets the job, the context or neither, whatever kind of callable it is."""
    with serving(shared_gearmand, arity=function):
        assert client_of(shared_gearmand).doNormal("arity", "x") == str(expected).encode()


@pytest.mark.parametrize("name", [name for name in dir(GearmanClient) if name.startswith("addTask")])
def test_a_context_is_none_by_default(name: str) -> None:
    """inspect shows None as the default for methods, bound methods and functions, as PHP's reflection does."""
    snake = "gearman_client_add_task" + "".join(
        f"_{letter.lower()}" if letter.isupper() else letter for letter in name[7:]
    )
    for function in (getattr(GearmanClient, name), getattr(GearmanClient(), name), getattr(ext, snake)):
        signature = inspect.signature(function)
        assert repr(signature.parameters["context"].default) == "None"
        assert signature.parameters["context"].annotation == "Any"
        assert signature.return_annotation == "GearmanTask | Literal[False]"
