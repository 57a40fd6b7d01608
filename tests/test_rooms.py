"""Each part of the package imports only the parts below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support import INSTALLED

PACKAGE = INSTALLED / "gearman_cffi"

# What each room may import besides itself. The Python layer is all modules at the top and _worker/, which
# has the parts of Worker. Its exceptions are a room of their own, because other rooms below it raise them too.
ALLOWED = {
    "messages": set[str](),
    "_libgearman": set[str](),
    "ext": {"_libgearman", "messages"},
    "exceptions": {"ext"},
    "serializers": {"exceptions", "messages"},
    "events": {"exceptions", "ext", "python"},
    "subscribers": {"events", "exceptions", "messages", "python"},
    "pytest_plugin": {"testing"},
    "dmank": {"python", "events", "exceptions", "ext", "messages", "serializers", "subscribers"},
    "testing": {"python", "events", "exceptions", "messages", "ext", "serializers", "_libgearman"},
    "admin": {"exceptions", "ext", "messages", "python"},
    "python": {"exceptions", "ext", "events", "messages", "serializers"},
    "pool": {"python", "events", "exceptions", "messages", "subscribers", "serializers"},
    "cli": {"python", "events", "exceptions", "ext", "messages", "subscribers", "serializers", "admin", "pool"},
    "__init__": {"python", "events", "exceptions", "ext", "serializers", "admin"},
    "__main__": {"cli"},
}


def room_of(parts: tuple[str, ...]) -> str:
    """The room of a module, by its path below the package."""
    first = parts[0] if parts else "__init__"
    return first if first in ALLOWED else "python"


def modules() -> list[Path]:
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def imported(path: Path, modules_only: bool = False) -> set[str]:
    """The full names of what a module imports anywhere: modules, and names from them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            assert node.module is not None
            if node.module != "gearman_cffi":
                names.add(node.module)
            if not modules_only:
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def rooms_imported(path: Path) -> set[str]:
    """The rooms of the package that a module imports; the package itself is the Python layer."""
    rooms = set()
    for name in imported(path):
        first, *rest = name.split(".")
        if first == "gearman_cffi":
            known = bool(rest) and ((PACKAGE / rest[0]).is_dir() or (PACKAGE / f"{rest[0]}.py").exists())
            rooms.add(room_of(tuple(rest)) if known else "python")
    return rooms


class TestRooms:
    """The imports of every module, read from its source."""

    @pytest.mark.parametrize("path", modules(), ids=str)
    def test_a_room_imports_downwards_only(self, path: Path) -> None:
        """A module imports only its own room and those in ALLOWED."""
        room = room_of(path.with_suffix("").parts)
        assert rooms_imported(path) - {room} <= ALLOWED[room]

    @pytest.mark.parametrize("path", [path for path in modules() if path.parts[0] != "_libgearman"], ids=str)
    def test_only_the_c_boundary_touches_c(self, path: Path) -> None:
        """Outside _libgearman nothing imports the compiled module, ffi, lib, cffi or ctypes."""
        for name in imported(path):
            parts = name.split(".")
            assert parts[0] not in {"cffi", "_cffi_backend", "ctypes"}
            assert not {"_native", "native", "ffi", "lib"} & set(parts), f"{path} imports {name}"

    @pytest.mark.parametrize("path", [path for path in modules() if path.parts[0] != "_libgearman"], ids=str)
    def test_only_its_init_exports_the_c_boundary(self, path: Path) -> None:
        """Other rooms import names from _libgearman/__init__.py, not from its modules."""
        inside = [name for name in imported(path, modules_only=True) if name.startswith("gearman_cffi._libgearman.")]
        assert inside == []

    @pytest.mark.parametrize("name", ["server", "_helpers", "_supervisor", "errors"])
    def test_the_test_server_needs_no_c(self, name: str) -> None:
        """The modules of the test server import nothing else of the package."""
        assert rooms_imported(Path("testing", f"{name}.py")) <= {"testing"}
