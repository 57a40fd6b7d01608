"""The wheel of gearman-cffi-binary, which contains libgearman, and the two distributions side by side."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.packaging.wheels import COMMAND, metadata_of, readelf, run_python, unpack

if TYPE_CHECKING:
    from .conftest import Distributions

pytestmark = pytest.mark.timeout(240)  # the first test compiles the package, once or twice

# The licence notice of each library that a wheel may contain, in vendor/licenses/.
NOTICES = {
    "libgearman": "libgearman.txt",
    "libuuid": "libuuid.txt",
    "libgcc_s": "gcc.txt",
    "libstdc++": "gcc.txt",
}
NATIVE = "gearman_cffi/_libgearman/_native.abi3.so"
SHOW = """
import json
from gearman_cffi.ext import capabilities
print(json.dumps([capabilities.distribution, capabilities.library, capabilities.version_info,
                  capabilities.interruptible_waits]))
"""


@pytest.fixture
def site(binary_wheel: Path, tmp_path: Path) -> Path:
    """A directory with the files of the wheel."""
    return unpack(tmp_path / "site", binary_wheel)


class TestWheel:
    def test_is_for_every_cpython_of_a_platform(self, binary_wheel: Path) -> None:
        """The tag is one that package indexes accept."""
        assert re.fullmatch(
            r"gearman_cffi_binary-[0-9.]+-cp310-abi3-((many|musl)linux_\d+_\d+_\w+\.?)+whl", binary_wheel.name
        )

    def test_metadata(self, binary_wheel: Path) -> None:
        """It has the dependencies and extras of gearman-cffi under another name."""
        metadata = metadata_of(binary_wheel)
        assert metadata["Name"] == "gearman-cffi-binary"
        assert 'cffi>=1.15.1; python_version < "3.12"' in metadata.get_all("Requires-Dist", [])
        assert metadata.get_all("Provides-Extra") == ["cli", "reload", "metrics", "all"]

    def test_each_library_has_its_licence_notice(self, binary_wheel: Path) -> None:
        """The notices are those of the libraries in the wheel, and of no others."""
        names = zipfile.ZipFile(binary_wheel).namelist()
        found = (re.fullmatch(r"gearman_cffi_binary\.libs/([\w+]+)-.*", name) for name in names)
        libraries = {match[1] for match in found if match}
        assert "libgearman" in libraries
        notices = {f"vendor/licenses/{NOTICES[library]}" for library in libraries}
        assert set(metadata_of(binary_wheel).get_all("License-File", [])) == {"LICENSE"} | notices
        assert {f"licenses/{notice}" for notice in notices} <= {name.partition("dist-info/")[2] for name in names}

    def test_uses_its_own_libgearman(self, site: Path) -> None:
        """It contains a version 1.1, because of the defects of 2.0, and finds it by a relative path."""
        done = run_python(SHOW, site)
        distribution, library, version, interruptible = json.loads(done.stdout)
        assert (distribution, version[:2], interruptible) == ("gearman-cffi-binary", [1, 1], True)
        assert Path(library).parent == site / "gearman_cffi_binary.libs"
        paths = re.findall(r"(?:RUNPATH|RPATH).*\[(.*)\]", readelf(site / NATIVE, "--dynamic"))
        assert paths == ["$ORIGIN/../../gearman_cffi_binary.libs"]

    def test_is_stripped(self, site: Path) -> None:
        """Neither the module nor the libraries have symbols or debug information."""
        for file in (site / NATIVE, *(site / "gearman_cffi_binary.libs").iterdir()):
            sections = readelf(file, "--section-headers")
            assert ".symtab" not in sections
            assert ".debug" not in sections

    def test_a_libgearman_that_is_missing(self, site: Path) -> None:
        """The error names no package of libgearman, which would not help."""
        (library,) = (site / "gearman_cffi_binary.libs").glob("libgearman*")
        library.unlink()
        error = run_python("from gearman_cffi import Client", site).stderr
        assert library.name in error
        assert "pip install --force-reinstall gearman-cffi-binary" in error
        assert "libgearman8" not in error


class TestSideBySide:
    @pytest.mark.parametrize("binary_first", [True, False])
    def test_both_are_refused(
        self, distributions: Distributions, binary_wheel: Path, tmp_path: Path, binary_first: bool
    ) -> None:
        """Importing a name or running the command says what to uninstall, in any order of installation."""
        wheels = [binary_wheel, distributions.wheels[0]]
        site = unpack(tmp_path / "site", *(wheels if binary_first else reversed(wheels)))
        said = f"gearman-cffi and gearman-cffi-binary are both installed in {site}, and overwrite each other's files.\n"
        done = run_python("from gearman_cffi import Client", site)
        assert f"ImportError: {said}" in done.stderr
        assert "pip uninstall gearman-cffi gearman-cffi-binary" in done.stderr
        command = run_python(f"import sys; sys.argv[1:] = ['version']; {COMMAND}", site)
        assert (command.returncode, command.stdout) == (1, "")
        assert command.stderr.startswith(f"gearman-cffi: {said}")

    def test_one_after_the_other(self, distributions: Distributions, tmp_path: Path) -> None:
        """Without gearman-cffi-binary, gearman-cffi uses the system's libgearman, wherever it is installed."""
        done = run_python(SHOW, unpack(tmp_path / "libgearman-site", distributions.wheels[0]))
        distribution, library, *_ = json.loads(done.stdout)
        assert distribution == "gearman-cffi"
        assert Path(library).name.startswith("libgearman.so.8")
        assert not Path(library).is_relative_to(tmp_path)
