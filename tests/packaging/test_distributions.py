"""The contents of the wheel and of the sdist, and the wheel without the source tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.packaging.wheels import COMMAND, metadata_of, readelf, run_python

if TYPE_CHECKING:
    from .conftest import Distributions

pytestmark = pytest.mark.timeout(240)  # the first test compiles the package, once or twice

ROOT = Path(__file__).resolve().parents[2]


def import_error_without_libgearman(folder: Path) -> str:
    """The error of importing from an unpacked wheel that is linked with a library that does not exist."""
    native = folder / "gearman_cffi/_libgearman/_native.abi3.so"
    content = native.read_bytes()
    assert b"libgearman.so.8\0" in content
    # The same length, so that nothing in the file moves.
    native.write_bytes(content.replace(b"libgearman.so.8\0", b"libgearman.so.X\0"))
    done = run_python("from gearman_cffi import Client", folder)
    return done.stderr[done.stderr.rindex("ImportError") :]


class TestWheel:
    def test_there_is_one_for_every_cpython_from_3_10(self, distributions: Distributions) -> None:
        """There is exactly one wheel for all versions, tagged cp310-abi3."""
        (wheel,) = distributions.wheels
        assert wheel.name.startswith("gearman_cffi-")
        assert "-cp310-abi3-" in wheel.name

    def test_has_what_is_needed_to_run_and_to_type_check(self, distributions: Distributions) -> None:
        """The wheel has the module, py.typed and all Python files of the package, and nothing else."""
        names = zipfile.ZipFile(distributions.wheels[0]).namelist()
        package = ROOT / "gearman_cffi"
        wanted = {f"gearman_cffi/{p.relative_to(package).as_posix()}" for p in package.rglob("*.py")}
        wanted |= {f"gearman_cffi/{p.relative_to(package).as_posix()}" for p in package.rglob("*.pyi")}
        wanted.add("gearman_cffi/py.typed")
        wanted.add("gearman_cffi/_libgearman/_native.abi3.so")
        assert wanted <= set(names)
        assert not [name for name in names if name.endswith((".c", ".h", ".o"))]
        assert {name.split("/")[0].split("-")[0] for name in names} == {"gearman_cffi"}

    def test_metadata(self, distributions: Distributions) -> None:
        """cffi is the only dependency; licence and Python versions are given."""
        metadata = metadata_of(distributions.wheels[0])
        needed = [one for one in metadata.get_all("Requires-Dist", []) if "extra ==" not in one]
        assert needed == [
            'cffi>=1.15.1; python_version < "3.12"',
            'cffi>=1.16; python_version == "3.12"',
            'cffi>=1.17.1; python_version >= "3.13"',
        ]
        assert metadata.get_all("Provides-Extra") == ["cli", "reload", "metrics", "all"]
        assert metadata["License-Expression"] == "BSD-3-Clause"
        assert metadata["Requires-Python"] == ">=3.10"

    def test_the_extra_all(self, distributions: Distributions) -> None:
        """It contains what the other extras contain."""
        by_extra: dict[str, set[str]] = {}
        for one in metadata_of(distributions.wheels[0]).get_all("Requires-Dist", []):
            needed, _, extra = one.partition("; extra == ")
            by_extra.setdefault(extra.strip('"'), set()).add(needed)
        assert by_extra["all"] == by_extra["cli"] | by_extra["reload"] | by_extra["metrics"]

    def test_the_links_of_the_readme(self, distributions: Distributions) -> None:
        """On the page of a package index each link to a file leads to the repository."""
        metadata = metadata_of(distributions.wheels[0])
        urls = dict(one.split(", ") for one in metadata.get_all("Project-URL", []))
        links = re.findall(r"\]\(([^)#]+)", str(metadata.get_payload()))
        assert f"{urls['Source']}/blob/HEAD/docs/tutorial.md" in links
        for link in links:
            assert link.startswith("https://"), link
            file = link.removeprefix(f"{urls['Source']}/blob/HEAD/")
            assert file == link or (ROOT / file).is_file(), link

    def test_is_importable_without_the_source(self, unpacked_wheel: Path) -> None:
        """The package in the wheel is complete, and uses the compiled module of the wheel."""
        code = "import gearman_cffi, gearman_cffi._libgearman._native as native; print(native.__file__)"
        done = run_python(code, unpacked_wheel)
        assert done.returncode == 0, done.stderr
        assert Path(done.stdout.strip()).is_relative_to(unpacked_wheel)

    def test_without_libgearman_the_import_names_the_packages(self, unpacked_wheel: Path) -> None:
        """If the shared library is missing, ImportError names the package to install on each system."""
        error = import_error_without_libgearman(unpacked_wheel)
        assert "libgearman.so.X" in error
        for name in ("Debian", "libgearman8", "Fedora", "Alpine", "macOS"):
            assert name in error

    def test_the_command_without_libgearman(self, unpacked_wheel: Path) -> None:
        """Every command prints only what is missing. The package itself can be imported."""
        error = import_error_without_libgearman(unpacked_wheel).removeprefix("ImportError: ")
        assert run_python("import gearman_cffi; print(gearman_cffi.__version__)", unpacked_wheel).returncode == 0
        for arguments in ([], ["--help"], ["version"], ["worker", "--help"], ["ping"], ["submit", "f"], ["no-command"]):
            done = run_python(f"import sys; sys.argv[1:] = {arguments}; {COMMAND}", unpacked_wheel)
            assert (done.returncode, done.stdout, done.stderr) == (1, "", f"gearman-cffi: {error}"), arguments

    def test_names_nothing_of_the_build_machine(self, source: Path, unpacked_wheel: Path) -> None:
        """The module contains neither a run-time search path nor a directory of the build machine."""
        native = unpacked_wheel / "gearman_cffi/_libgearman/_native.abi3.so"
        content = native.read_bytes()
        for folder in (source, sys.prefix, sys.base_prefix, tempfile.gettempdir(), Path.home()):
            assert str(folder).encode() + b"/" not in content, folder
        assert "RUNPATH" not in readelf(native, "--dynamic")
        assert "RPATH" not in readelf(native, "--dynamic")

    def test_is_stripped(self, unpacked_wheel: Path) -> None:
        """The module has neither symbols nor debug information, which would be three quarters of its size."""
        sections = readelf(unpacked_wheel / "gearman_cffi/_libgearman/_native.abi3.so", "--section-headers")
        assert ".symtab" not in sections
        assert ".debug" not in sections


def test_flags_of_the_environment_are_kept(source: Path, tmp_path: Path) -> None:
    """Debug information that CFLAGS asks for, and a run-time search path in LDFLAGS, are kept."""
    command = [sys.executable, "setup.py", "--quiet", "build_ext"]
    command += [f"--build-temp={tmp_path / 'temp'}", f"--build-lib={tmp_path / 'lib'}"]
    environment = {**os.environ, "CFLAGS": "-g -O1", "LDFLAGS": "-Wl,-rpath,/opt/somewhere/lib"}
    subprocess.run(command, cwd=source, env=environment, capture_output=True, timeout=50, check=True)
    (native,) = tmp_path.glob("lib/gearman_cffi/_libgearman/*.so")
    assert ".debug_info" in readelf(native, "--section-headers")
    assert re.findall(r"RUNPATH.*\[(.*)\]", readelf(native, "--dynamic")) == ["/opt/somewhere/lib"]


class TestSdist:
    def test_is_reproducible(self, source: Path, tmp_path: Path) -> None:
        """Two sdists of one source are identical, whatever the times and modes of the files are."""
        made = []
        for number, time in enumerate((0, 1_000_000_000)):
            tree = tmp_path / f"tree{number}"
            shutil.copytree(source, tree)
            for file in tree.rglob("*.md"):
                os.utime(file, (time, time))
                file.chmod(0o600 if number else 0o664)
            command = [sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", str(tmp_path / f"{number}")]
            environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
            subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=30, check=True)
            (sdist,) = (tmp_path / f"{number}").iterdir()
            made.append(sdist.read_bytes())
        assert made[0] == made[1]

    def test_has_everything_that_a_build_and_a_test_run_read(self, distributions: Distributions) -> None:
        """The sdist also has tests and scripts. (The wheel was built from it.)"""
        with tarfile.open(distributions.sdist) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        for name in (
            "build_libgearman.py",
            "setup.py",
            "pyproject.toml",
            "LICENSE",
            "README.md",
            "vendor/libgearman/client.h",
            "vendor/libgearman/README.md",
            "gearman_cffi/_libgearman/csrc/README.md",
            "gearman_cffi/_libgearman/csrc/api.h",
            "gearman_cffi/_libgearman/csrc/cdef.h",
            "gearman_cffi/_libgearman/csrc/boundary/versions.h",
            "gearman_cffi/py.typed",
            "script/bootstrap",
            "script/test",
            "script/wheel",
            "script/binary.sed",
            "vendor/licenses/libgearman.txt",
            "docs/tutorial.md",
            "mkdocs.yml",
            ".github/workflows/ci.yml",
            "tests/packaging/test_distributions.py",
        ):
            assert name in names
        assert not [name for name in names if name.endswith((".so", ".pyc", ".o"))]
