"""Writes the stub of the compiled module's ``lib``. Run it again if the declarations change.

usage: python script/make_stub.py [--check]      --check writes nothing; it fails if the file is out of date

The types are from the compiled module; the names of parameters are from the declarations, because cffi drops them.
``lib`` is in ``sys.modules``, so the stub is a module's: stubtest compares it name by name.
"""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path
from typing import Any

from gearman_cffi._libgearman.native import ffi, lib

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "gearman_cffi/_libgearman/_native/lib.pyi"
HEAD = '''\
"""libgearman's functions and constants, and those of csrc/. Made by ``python script/make_stub.py``.

A pointer to a struct with known fields is Any: cffi's own type has no attributes. Enums are ints. A parameter that
is a pointer to bytes takes bytes as well.
"""

from typing import Any

from _cffi_backend import _CDataBase as _CData

_Bytes = _CData | bytes

'''
FUNCTION = re.compile(r"\b(\w+)\(([^;{}()]*)\)\s*;")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def parameter_names() -> dict[str, list[str]]:
    """The declared parameter names of each function, empty for a parameter without a name."""
    files = [*(ROOT / "vendor/libgearman").glob("*.h"), ROOT / "gearman_cffi/_libgearman/csrc/api.h"]
    text = COMMENT.sub("", "\n".join(path.read_text("utf-8") for path in files))
    return {name: [_name(one) for one in parameters.split(",")] for name, parameters in FUNCTION.findall(text)}


def _name(declaration: str) -> str:
    words = re.findall(r"\w+|\*", declaration.partition("[")[0])
    named = len(words) > 1 and words[-1] != "*"
    return words[-1] + "_" * keyword.iskeyword(words[-1]) if named else ""


def python_type(ctype: Any, *, result: bool) -> str:
    """The annotation for the C type of a result or of a parameter."""
    if ctype.kind == "void":
        return "None"
    if ctype.kind in {"primitive", "enum"}:
        return "bool" if ctype.cname == "_Bool" else "int"
    target = ctype.item if ctype.kind == "pointer" else ctype
    if result:
        return "Any" if target.kind == "struct" and _is_complete(target) else "_CData"
    is_bytes = target.kind == "void" or (target.kind == "primitive" and ffi.sizeof(target) == 1)
    return "_Bytes" if is_bytes and target.cname != "_Bool" else "_CData"


def _is_complete(struct: Any) -> bool:
    try:
        return ffi.sizeof(struct) > 0
    except ffi.error:  # opaque
        return False


def function(name: str, ctype: Any, names: list[str]) -> str:
    """The stub of a function."""
    types = [python_type(argument, result=False) for argument in ctype.args]
    if types and len(names) != len(types):
        raise SystemExit(f"{name} takes {len(types)} arguments; its declaration names {names}")
    names = [known or f"_{number}" for number, known in enumerate(names[: len(types)])]
    parameters = [f"{known}: {kind}" for known, kind in zip(names, types, strict=True)]
    taken = ", ".join([*parameters, "/"]) if parameters else ""
    return f"def {name}({taken}) -> {python_type(ctype.result, result=True)}: ..."


def stub() -> str:
    """The text of the file."""
    names = parameter_names()
    constants, functions = [], []
    for name in dir(lib):
        value = getattr(lib, name)
        if isinstance(value, int):
            constants.append(f"{name}: int")
        elif isinstance(value, ffi.CData):
            constants.append(f"{name}: _CData")
        else:
            functions.append(function(name, ffi.typeof(value), names.get(name, [])))
    return HEAD + "\n".join([*constants, "", *functions, ""])


if __name__ == "__main__":
    text = stub()
    if "--check" in sys.argv:
        current = TARGET.read_text("utf-8") == text
        sys.exit(0 if current else "_native/lib.pyi is out of date: run python script/make_stub.py")
    TARGET.write_text(text, "utf-8")
