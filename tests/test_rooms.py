"""Each part of the package, in Python and in C, uses only the parts below it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support import INSTALLED, ROOT

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
    "pytest_plugin": {"aio", "testing"},
    "dmank": {"python", "events", "exceptions", "ext", "messages", "serializers", "subscribers"},
    "testing": {"python", "aio", "events", "exceptions", "messages", "ext", "serializers", "_libgearman"},
    "admin": {"exceptions", "ext", "messages", "python"},
    "python": {"exceptions", "ext", "events", "messages", "serializers"},
    "aio": {"python", "exceptions", "ext", "messages", "serializers", "_libgearman"},
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


def test_one_class_of_each_name() -> None:
    """Only dmank.py, which has dmank's names, and aio/client.py, which has a Client too, repeat names of the core."""
    names = [
        node.name
        for path in modules()
        if path not in {Path("dmank.py"), Path("aio/client.py")}
        for node in ast.walk(ast.parse((PACKAGE / path).read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


CSRC = ROOT / "gearman_cffi/_libgearman/csrc"
# What each room of our C may use; query.c and api.h stand above and below them all.
ALLOWED_IN_C = {
    "boundary": {"boundary", "api.h"},
    "net": {"net", "boundary", "api.h"},
    "client": {"client", "net", "boundary", "api.h"},
    "worker": {"worker", "net", "boundary", "api.h"},
    "query.c": {"query.c", "client", "worker", "net", "boundary", "api.h"},
    "api.h": set[str](),
}
# What a file defines for others: functions, and variables.
DEFINITION = re.compile(
    r"^(?!static\b|extern\b|typedef\b)\w[\w *]*?\b(gcffi_\w+)(?:\([^;{]*\)\s*\{|\[\]\s*=|\s*=|;)", re.MULTILINE
)


def c_code(path: Path) -> str:
    """A file of our C without comments and the content of strings."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r'"(?:\\.|[^"\\\n])*"(?!\n)', '""', text)


def c_files() -> dict[str, str]:
    """Path below csrc to code."""
    return {
        path.relative_to(CSRC).as_posix(): c_code(path)
        for path in sorted(CSRC.rglob("*.[ch]"))
        if path.name != "cdef.h"  # cffi alone reads it
    }


def uses_in_c() -> dict[str, dict[str, str]]:
    """File to the files whose definitions it uses, each with one of the names."""
    files = c_files()
    where = {name: path for path, code in files.items() if path.endswith(".c") for name in DEFINITION.findall(code)}
    uses: dict[str, dict[str, str]] = {}
    for path, code in files.items():
        names = {name for name in re.findall(r"\bgcffi_\w+", code) if where.get(name, path) != path}
        uses[path] = {where[name]: name for name in sorted(names)} if path.endswith(".c") else {}
    return uses


@pytest.mark.sources
class TestRoomsOfC:
    """Our C, read from its source: four rooms, and no file that depends on itself by way of others."""

    @pytest.mark.parametrize("path", c_files())
    def test_a_file_includes_downwards_only(self, path: str) -> None:
        headers = {Path(name).name: name.split("/")[0] for name in c_files() if name.endswith(".h")}
        included = re.findall(r'^#include "(.*)"', (CSRC / path).read_text("utf-8"), re.MULTILINE)
        assert {headers[name] for name in included} <= ALLOWED_IN_C[path.split("/")[0]]

    @pytest.mark.parametrize("path", c_files())
    def test_a_file_calls_downwards_only(self, path: str) -> None:
        allowed = ALLOWED_IN_C[path.split("/")[0]]
        assert {name for file, name in uses_in_c()[path].items() if file.split("/")[0] not in allowed} == set()

    def test_no_circle(self) -> None:
        """Files can be sorted so that each uses only those before it."""
        left = {path: set(used) for path, used in uses_in_c().items()}
        assert sum(map(len, left.values())) > 50  # the definitions are found
        while free := [path for path, used in left.items() if not used & set(left)]:
            for path in free:
                del left[path]
        assert left == {}

    @pytest.mark.parametrize("path", [path for path in c_files() if path.split("/")[0] in {"boundary", "net"}])
    def test_below_nobody_names_a_client_or_a_worker(self, path: str) -> None:
        """Neither their structs nor their functions."""
        assert re.findall(r"\bgcffi_(?:client|worker|task|job|reply)\w*", c_files()[path]) == []

    def test_one_table_of_hooks(self) -> None:
        """At most five hooks, and no other function pointer in a header: files share functions, and rooms the hooks."""
        pointers = {path: re.findall(r"\(\*(\w+)\)\(", code) for path, code in c_files().items() if path.endswith(".h")}
        assert {path for path, found in pointers.items() if found} == {"net/hooks.h"}
        assert len(pointers["net/hooks.h"]) <= 5

    @pytest.mark.parametrize("path", c_files())
    def test_a_file_is_short(self, path: str) -> None:
        assert len((CSRC / path).read_text("utf-8").splitlines()) <= 350

    def test_the_struct_of_a_call_is_small(self) -> None:
        """At most twelve fields: what only a client or a worker needs stands in theirs."""
        fields = re.search(r"struct gcffi_call \{(.*?)\n\}", c_files()["boundary/call.h"], re.DOTALL)
        assert fields is not None
        assert fields[1].count(";") <= 12
