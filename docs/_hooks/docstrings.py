"""Changes docstrings for the site: links to the PHP manual, and examples as code. An extension of griffe."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import griffe

_MANUAL = "https://www.php.net/manual/en"
_CLASSES = ("GearmanClient", "GearmanWorker", "GearmanJob", "GearmanTask")
# Methods that the manual does not have.
_WITHOUT_PAGE = {
    "GearmanClient": {"enableExceptionHandler", "jobStatusByUniqueKey", "options", "setSSL"},
    "GearmanWorker": {"enableExceptionHandler", "grabJob", "ping", "setSSL", "stop"},
}
_EXAMPLE = re.compile(r"^Example:\n((?:(?:    .*)?(?:\n|\Z))+)", re.MULTILINE)


class Examples(griffe.Extension):
    """Marks examples as Python code."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Changes the docstring of an object that was read."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(_as_code, obj.docstring.value)


def _as_code(example: re.Match[str]) -> str:
    code = f"```python\n{textwrap.dedent(example[1]).strip()}\n```"
    return f"Example:\n{textwrap.indent(code, '    ')}\n\n"


class PhpManual(griffe.Extension):
    """Links methods of ext-gearman's classes to their pages, by name."""

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """Adds the links when a class was read."""
        names = [cls.name] if cls.name in _CLASSES else list(_CLASSES[:2]) if cls.name == "GearmanBase" else []
        for member in cls.members.values():
            if not member.is_function or member.name.startswith("_") or member.docstring is None:
                continue
            pages = [name for name in names if member.name not in _WITHOUT_PAGE.get(name, ())]
            links = ", ".join(f"[{name}::{member.name}()]({manual_page(name, member.name)})" for name in pages)
            if links:
                member.docstring.value += f"\n\nPHP manual: {links}."


def manual_page(class_name: str, method: str) -> str:
    """The address of the page of a method."""
    return f"{_MANUAL}/{class_name.lower()}.{method.lower()}.php"
