"""Runs the examples of docstrings."""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import signal
import time
import tokenize
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any, NoReturn

from tests.docs.addresses import Addresses
from tests.docs.programs import compare_comments

_NO_VALUE = object()


@dataclass(frozen=True)
class Example:
    """The example of a public name. home: where that is defined, such as gearman_cffi.client.Client.ping."""

    home: str
    source: str

    def run(self, namespace: dict[str, Any], addresses: Addresses) -> None:
        """Executes it. Comments after print(), after expressions and after assignments are the values to expect.

        namespace: the names that exist already. addresses: the servers in place of those that the example names.
        """
        source = addresses.here(self.source)
        values = _values_in_comments(self.source)
        loop = asyncio.new_event_loop()
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()) as printed:
            warnings.simplefilter("error")
            try:
                for statement in ast.parse(source).body:
                    value = _execute(statement, self.home, namespace, loop)
                    expected = values.get(statement.end_lineno or 0, _NO_VALUE)
                    if value is not None and expected is not _NO_VALUE:
                        assert value == expected, f"{ast.unparse(statement)} is {value!r}"
            finally:
                loop.close()
                for number, handler in handlers.items():
                    signal.signal(number, handler)
        compare_comments(self.source, addresses.there(printed.getvalue()))


# Runs one example.
Execute = Callable[[Example], None]
# Sets up servers and workers for the examples of a class.
Preparation = Callable[[], AbstractContextManager[Execute]]


def _values_in_comments(source: str) -> dict[int, Any]:
    """The values that comments show, by line. Other comments are prose."""
    values = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            try:
                values[token.start[0]] = ast.literal_eval(token.string.lstrip("# "))
            except (SyntaxError, ValueError):
                continue
    return values


def _execute(statement: ast.stmt, where: str, namespace: dict[str, Any], loop: asyncio.AbstractEventLoop) -> Any:
    """Executes a statement, which may have an await. Returns the value of an expression or an assignment."""
    if isinstance(statement, ast.Expr):
        return _evaluate(ast.Expression(statement.value), "eval", where, namespace, loop)
    _evaluate(ast.Module([statement], []), "exec", where, namespace, loop)
    if isinstance(statement, ast.Assign):
        return eval(ast.unparse(statement.targets[0]), namespace)
    return None


def _evaluate(tree: ast.AST, mode: str, where: str, namespace: dict[str, Any], loop: asyncio.AbstractEventLoop) -> Any:
    code = compile(tree, f"<example of {where}>", mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)  # type: ignore[call-overload]
    value = eval(code, namespace)
    return loop.run_until_complete(value) if code.co_flags & inspect.CO_COROUTINE else value


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in a block that takes longer. It puts off pytest-timeout, which uses the same timer."""

    def end(*_: object) -> NoReturn:
        raise TimeoutError(f"not done after {seconds} s")

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, end)
    left = signal.setitimer(signal.ITIMER_REAL, seconds)[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 0.001))
