"""The modules that an import loads, the time it takes, and the names of the package."""

from __future__ import annotations

import ast
import compileall
import importlib
import os
import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import gearman_cffi

PACKAGE = Path(gearman_cffi.__file__).parent

# Slow to import, and not needed by a program that only imports the package or runs a worker of the mirror.
HEAVY = {"asyncio", "concurrent", "datetime", "importlib.metadata", "json", "logging", "pathlib", "pickle", "random"}
HEAVY |= {"selectors", "socket", "subprocess", "urllib"}
ABOVE = {"admin", "cli", "client", "events", "pool", "serializers", "servers", "subscribers", "testing", "worker"}
LAYER = {f"gearman_cffi.{module}" for module in ABOVE}

MIRRORS_WORKER = """
from gearman_cffi.ext import *
GearmanWorker().addFunction("job", lambda job: job.workload())
"""
LAYERS_WORKER = """
from gearman_cffi import JobCollection, Worker
Worker("127.0.0.1", JobCollection())
"""
NOT_A_WORKERS = {"asyncio", "concurrent", "json", "logging", "pickle"}
NOT_A_WORKERS |= {"selectors", "socket", "urllib"}
NOT_A_WORKERS |= {f"gearman_cffi.{module}" for module in ("admin", "bulk", "client")}

# Slow, and used by few parts of the package, which import them when they need them.
SLOW = {"asyncio", "click", "ctypes", "multiprocessing", "prometheus_client", "rich", "ssl", "subprocess", "watchfiles"}
TIMED = """
import sys, time
began = time.process_time()
{statement}
print(time.process_time() - began, *sys.modules)
"""
# CPU time in seconds, above that of the bare interpreter.
BUDGETS = {"import gearman_cffi": 0.010, "from gearman_cffi import Client, Worker": 0.045}


def loaded_by(code: str) -> set[str]:
    """The modules of an interpreter after running this code, without those that site loads."""
    backend = find_spec("_cffi_backend")
    assert backend is not None
    assert backend.origin is not None
    path = os.pathsep.join([str(PACKAGE.parent), str(Path(backend.origin).parent)])
    command = [sys.executable, "-S", "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


class TestWhatIsLoaded:
    @pytest.mark.parametrize("code", ["import gearman_cffi", "import gearman_cffi.ext", MIRRORS_WORKER])
    def test_the_mirror_loads_nothing_heavy(self, code: str) -> None:
        """This holds for the package, the mirror, and a worker of the mirror that registers a function."""
        assert loaded_by(code) & (HEAVY | LAYER) == set()

    def test_a_worker_loads_what_workers_need(self) -> None:
        """It does not load clients, Admin, or serializers that it does not use."""
        loaded = loaded_by(LAYERS_WORKER)
        assert "gearman_cffi.worker" in loaded
        assert loaded & NOT_A_WORKERS == set()

    @pytest.mark.parametrize("code", ["from gearman_cffi import Job", "import gearman_cffi.ext", MIRRORS_WORKER])
    def test_the_c_boundary_is_loaded_at_once(self, code: str) -> None:
        """If libgearman is missing, the import of a name or a module says so, not its first use."""
        assert "gearman_cffi._libgearman._native" in loaded_by(code)

    @pytest.mark.parametrize("code", ["import gearman_cffi.cli", "import gearman_cffi.pytest_plugin"])
    def test_what_other_programs_import_needs_no_libgearman(self, code: str) -> None:
        """pytest and the command import these in any environment."""
        assert "gearman_cffi._libgearman" not in loaded_by(f"import sys; sys.path[:] = {sys.path}; {code}")


class TestTime:
    @pytest.mark.parametrize(("statement", "budget"), BUDGETS.items(), ids=list(BUDGETS))
    def test_it_is_quick(self, unpacked_wheel: Path, statement: str, budget: float) -> None:
        """Within the budget, as pip installs the package: with compiled bytecode.

        The best of several runs: a busy machine only adds.
        """
        compileall.compile_dir(unpacked_wheel, quiet=1)
        seconds = []
        for _ in range(9):
            answer = subprocess.run(
                [sys.executable, "-c", TIMED.format(statement=statement)],
                cwd=unpacked_wheel,
                env={**os.environ, "PYTHONPATH": str(unpacked_wheel)},
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
            time, *modules = answer.stdout.split()
            seconds.append(float(time))
            assert SLOW & set(modules) == set()
        print(f"{statement}: {[round(one * 1000) for one in sorted(seconds)]} ms")
        assert min(seconds) < budget


class TestNames:
    @pytest.mark.parametrize("name", gearman_cffi.__all__)
    def test_every_name_is_there(self, name: str) -> None:
        """Each name is an attribute, listed by dir(), and always the same object."""
        assert getattr(gearman_cffi, name) is getattr(gearman_cffi, name)
        assert name in dir(gearman_cffi)

    def test_they_are_what_type_checkers_read(self) -> None:
        """The imports for type checkers have the same names and objects."""
        tree = ast.parse((PACKAGE / "__init__.py").read_text())
        (block,) = (node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
        read = {}
        for node in block.body:
            assert isinstance(node, ast.ImportFrom)
            assert node.module is not None
            read.update({alias.name: importlib.import_module(node.module) for alias in node.names})
        assert set(read) == set(gearman_cffi.__all__) - {"__version__"}
        for name, module in read.items():
            assert getattr(gearman_cffi, name) is getattr(module, name)

    def test_a_star_imports_all(self) -> None:
        """`from gearman_cffi import *` imports all names."""
        names: dict[str, object] = {}
        exec("from gearman_cffi import *", names)
        assert set(names) - {"__builtins__"} == set(gearman_cffi.__all__)

    @pytest.mark.parametrize("module", ["admin", "client", "events", "exceptions", "ext", "serializers", "servers"])
    def test_modules_are_attributes(self, module: str) -> None:
        """`import gearman_cffi` is enough for gearman_cffi.exceptions.JobFailed."""
        code = f"import gearman_cffi; assert gearman_cffi.{module}.__name__ == 'gearman_cffi.{module}'"
        assert f"gearman_cffi.{module}" in loaded_by(code)

    @pytest.mark.parametrize("package", ["gearman_cffi.ext", "gearman_cffi.events", "gearman_cffi.serializers"])
    def test_names_are_listed_before_they_are_imported(self, package: str) -> None:
        """A shell can complete them."""
        loaded_by(f"import {package} as package; assert set(package.__all__) <= set(dir(package))")

    def test_an_unknown_name(self) -> None:
        """Using it is an AttributeError, importing it an ImportError."""
        with pytest.raises(AttributeError, match="module 'gearman_cffi' has no attribute 'Klient'"):
            gearman_cffi.Klient  # type: ignore[attr-defined]  # noqa: B018
        with pytest.raises(ImportError, match="cannot import name 'Klient' from 'gearman_cffi'"):
            from gearman_cffi import Klient  # type: ignore[attr-defined]  # noqa: F401

    def test_values_are_pickled(self) -> None:
        """Pickles refer to the modules that define the classes."""
        server = gearman_cffi.Server("localhost", 4731)
        assert pickle.loads(pickle.dumps(server)) == server
        assert pickle.loads(pickle.dumps(gearman_cffi.Priority)) is gearman_cffi.Priority
