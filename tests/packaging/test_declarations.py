"""Compares vendor/libgearman with the installed headers of libgearman."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# They return a struct with a const member by value, which cffi cannot assign; vendor/libgearman/README.md.
NOT_BINDABLE = {
    "gearman_argument_make",
    "gearman_function_create",
    "gearman_function_create_partition",
    "gearman_function_create_v1",
    "gearman_function_create_v2",
    "gearman_result_string",
    "gearman_task_exception",
}
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
DIRECTIVE = re.compile(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
FUNCTION = re.compile(r"\b(gearman_\w+)\s*\([^;{}]*\)\s*[;{]")


def code_of(folder: Path) -> str:
    """The headers of a directory, without comments, preprocessor lines and function types."""
    text = "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.h")))
    text = DIRECTIVE.sub("", COMMENT.sub("", text))
    return re.sub(r"\btypedef\b[^;{}]*;", "", text)


def constants_of(folder: Path) -> set[str]:
    """The names of enum members and of macros with a value."""
    text = COMMENT.sub("", "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.h"))))
    enums = re.findall(r"\benum\b[^{;]*\{([^}]*)\}", text)
    members = {name for body in enums for name in re.findall(r"\bGEARMAN_\w+\b", body)}
    macros = re.findall(r"^\s*#\s*define\s+((?:LIB)?GEARMAN_\w+)[ \t]+\S", text, re.MULTILINE)
    strings = re.findall(r"^static const char \*const (\w+);", text, re.MULTILINE)
    return members | set(macros) | set(strings)


def headers() -> Path:
    """The directory of the installed headers, found by the build's search or in the usual places."""
    named = os.environ.get("GEARMAN_CFFI_INCLUDE_DIR")
    if named:
        return Path(named, "libgearman-1.0")
    answer = subprocess.run(
        ["pkg-config", "--variable=includedir", "gearmand"], capture_output=True, text=True, check=True
    )
    return Path(answer.stdout.strip(), "libgearman-1.0")


def test_every_public_function_is_declared() -> None:
    """The declarations are those of libgearman's headers, except for the few that cffi cannot call."""
    public = set(FUNCTION.findall(code_of(headers())))
    declared = set(FUNCTION.findall(code_of(ROOT / "vendor/libgearman")))
    assert len(declared) > 150
    assert public - declared == NOT_BINDABLE
    assert declared - public == set()


def test_every_public_constant_is_declared() -> None:
    """The same for enum members and macros, except for those of the C compiler and of version 2.0.0."""
    public = constants_of(headers())
    declared = constants_of(ROOT / "vendor/libgearman")
    compiler = re.compile(r"GEARMAN_(INTERNAL_)?(API|LOCAL|DEPRECATED)\w*|GEARMAN_ID_INITIALIZER")
    newer = {"GEARMAN_CLIENT_STOP_WAIT_ON_SIGNAL", "GEARMAN_WORKER_STOP_WAIT_ON_SIGNAL"}
    assert {name for name in public - declared - newer if not compiler.fullmatch(name)} == set()
    assert declared - public == set()
