"""Prints observations as the PHP scenarios print them."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from gearman_cffi import ext

T = TypeVar("T")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
_CODES = {int(code) for code in ext.ReturnCode}
port_names: dict[int, str] = {}


class Output:
    """The file that out() writes to: standard output, in a child process its log."""

    descriptor = sys.stdout.fileno()
    mute = False


def norm(text: str) -> str:
    text = _UUID.sub("<uuid>", text)
    for port, name in port_names.items():
        text = re.sub(rf"(?<!\d){port}(?!\d)", f"<{name}>", text)
    return text


def out(text: str) -> None:
    os.write(Output.descriptor, (norm(text) + "\n").encode("utf-8", "surrogateescape"))


def v(x: object) -> str:
    """Returns a value as the PHP scenarios show it: bytes and str as strings, dicts and lists as arrays."""
    if isinstance(x, bytes | str):
        return _string(x.encode("utf-8", "surrogateescape") if isinstance(x, str) else x)
    if isinstance(x, list | tuple):
        return "[" + ", ".join(v(e) for e in x) + "]"
    if isinstance(x, dict):
        return "[" + ", ".join(f"{v(k)}=>{v(e)}" for k, e in x.items()) + "]"
    if isinstance(x, BaseException):
        text = x.getMessage() if isinstance(x, ext.GearmanException) else str(x)
        return f"{type(x).__name__}({v(text)}, code {getattr(x, 'code', 0)})"
    if isinstance(x, types.SimpleNamespace):
        return "stdClass" + v(vars(x) or [])
    if x is None or isinstance(x, bool):
        return {None: "NULL", True: "true", False: "false"}[x]
    if isinstance(x, float):
        return _float(x)
    return repr(x) if isinstance(x, int) else f"object({type(x).__name__})"


def _float(x: float) -> str:
    """Returns a float as PHP's var_export() writes it."""
    mantissa, _, exponent = repr(x).partition("e")
    if not exponent:
        return mantissa.upper()
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent):+d}"


def _string(x: bytes) -> str:
    if len(x) > 200:
        normal = norm(x.decode("latin-1")).encode("latin-1")
        return f"string({len(x)}) md5={hashlib.md5(normal).hexdigest()}"
    return '"' + "".join(_ESCAPES.get(c) or (chr(c) if 32 <= c < 127 else f"\\{c:03o}") for c in x) + '"'


def rc_name(rc: int) -> str:
    return f"{int(rc)}={ext.ReturnCode(rc).name if rc in _CODES else '?'}"


def head(text: str) -> None:
    out(f"\n== {text}")


def show(label: str, x: object) -> None:
    out(f"{label}: {v(x)}")


def st(o: ext.GearmanClient | ext.GearmanWorker) -> str:
    return f"rc {rc_name(o.returnCode())}, error {v(o.error())}, errno {v(o.getErrno())}"


def value(label: str, f: Callable[..., T], *arguments: Any, **named: Any) -> T | None:
    """Calls a function, and shows its value or its exception."""
    try:
        result = f(*arguments, **named)
    except Exception as error:
        out(f"{label} -> THROWS {v(error)}")
        return None
    out(f"{label} -> {v(result)}")
    return result


def call(label: str, f: Callable[..., T], *arguments: Any, **named: Any) -> T | None:
    """Calls a method as value() does, and then shows the state of its client or worker."""
    result = value(label, f, *arguments, **named)
    out("    " + st(getattr(f, "__self__")))  # noqa: B009 # a plain function has none: mypy
    return result


@contextmanager
def muted() -> Iterator[None]:
    """Suppresses warnings."""
    before = Output.mute
    Output.mute = True
    try:
        yield
    finally:
        Output.mute = before


def _warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    text = str(message)
    if Output.mute:
        return
    if len(text) > 400:
        text = text[:120] + "..." + text[-80:]
    kind = {"GearmanWarning": "Warning", "DeprecationWarning": "Deprecated"}.get(category.__name__, category.__name__)
    out(f"  [{kind}] {text}")


warnings.simplefilter("always")
warnings.showwarning = _warning
