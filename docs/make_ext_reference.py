"""Writes docs/ext-reference.md from the code of gearman_cffi.ext: run it again when the mirror changes.

usage: python docs/make_ext_reference.py [--check]      --check only says whether the file is as it would be written
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

from gearman_cffi import ext
from gearman_cffi.ext import (
    constants,
    functions,
    functions_client,
    functions_client_tasks,
    functions_job,
    functions_task,
)
from gearman_cffi.ext import functions_worker as worker_functions

TARGET = Path(__file__).with_name("ext-reference.md")
HEAD = """\
# The mirror, call by call

`from gearman_cffi.ext import *`. Made from the docstrings by `python docs/make_ext_reference.py`.

Types: `Name` is `str` or `bytes`; `Data` is `str`, `bytes`, any bytes-like object or a number. How they translate
from PHP's, and how failures are reported, is in [porting-from-php.md](porting-from-php.md).
"""
TWINS = {
    "GearmanClient": (functions_client, functions_client_tasks),
    "GearmanWorker": (worker_functions,),
    "GearmanJob": (functions_job,),
    "GearmanTask": (functions_task,),
}


def _twins(class_name: str) -> dict[str, str]:
    """Method name to procedural function, as the twins' docstrings say."""
    found = {}
    for module in TWINS[class_name]:
        for name in module.__all__:
            method = re.match(rf"{class_name}\.(\w+)\(\)", inspect.getdoc(getattr(module, name)) or "")
            if method:
                found[method.group(1)] = name
    return found


def _signature(function: object) -> str:
    signature = inspect.signature(function)  # type: ignore[arg-type]
    parameters = [parameter for name, parameter in signature.parameters.items() if name != "self"]
    text = str(signature.replace(parameters=parameters))
    return text.replace("'", "").replace("|", "\\|")


def _c_calls(class_name: str, doc: str) -> str:
    calls = dict.fromkeys(re.findall(r"\bgearman_\w+(?=\(\))", doc))
    own = f"gearman_{class_name.removeprefix('Gearman').lower()}_"
    return ", ".join(f"`{name}`" for name in calls if name.startswith(own))


def _summary(doc: str) -> str:
    first = " ".join(doc.split("\n\n")[0].split())
    return re.sub(r"\s*(Stands for )?\(?gearman_\w+\(\)[^.]*\.", "", first).replace("|", "\\|")


def _class_table(class_name: str) -> list[str]:
    php_class = getattr(ext, class_name)
    twins = _twins(class_name)
    lines = [f"## {class_name}", "", "| Method | Function | What it does | libgearman |", "|---|---|---|---|"]
    names = [name for name in dir(php_class) if name in twins or name == "stop"]
    for name in sorted(names, key=str.lower):
        method = inspect.getattr_static(php_class, name)
        doc = inspect.getdoc(method) or ""
        twin = f"`{twins[name]}`" if name in twins else "beyond the extension"
        lines.append(f"| `{name}{_signature(method)}` | {twin} | {_summary(doc)} | {_c_calls(class_name, doc)} |")
    return [*lines, ""]


def _aliases() -> list[str]:
    lines = ["## Dropped names", "", "They warn with DeprecationWarning and do what the replacement does.", ""]
    for class_name in TWINS:
        php_class = getattr(ext, class_name)
        for name in sorted(dir(php_class)):
            doc = inspect.getdoc(getattr(php_class, name)) or ""
            if doc.startswith("Deprecated:"):
                lines.append(f"- `{class_name}.{name}()`: {doc.removeprefix('Deprecated: ')}")
    for name in functions.__all__:
        doc = inspect.getdoc(getattr(ext, name)) or ""
        if doc.startswith("Deprecated:"):
            lines.append(f"- `{name}()`: {doc.removeprefix('Deprecated: ')}")
    return [*lines, ""]


def _constants() -> list[str]:
    lines = ["## Constants", "", "| Name | Value |", "|---|---|"]
    lines += [f"| `{name}` | {getattr(constants, name)!r} |" for name in constants.__all__]
    return [*lines, ""]


def reference() -> str:
    """The text of the file."""
    lines = [HEAD]
    for class_name in TWINS:
        lines += _class_table(class_name)
    return "\n".join([*lines, *_aliases(), *_constants()])


if __name__ == "__main__":
    text = reference()
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text("utf-8") == text else "docs/ext-reference.md is out of date")
    TARGET.write_text(text, "utf-8")
