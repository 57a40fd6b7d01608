"""The parts of the build that pyproject.toml cannot express."""

from __future__ import annotations

import gzip
import os
import re
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.sdist import sdist

# Build front ends do not add this directory to the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from build_libgearman import Build, BuildExtension, has_stable_abi

ROOT = Path(__file__).resolve().parent


class ReproducibleSdist(sdist):
    """An sdist that has the same bytes for the same files, if SOURCE_DATE_EPOCH is set as for wheels."""

    def make_archive(
        self, base_name: Any, format: Any, root_dir: Any = None, base_dir: Any = None, *_: Any, **__: Any
    ) -> str:
        """Writes the archive. Its times, owners and modes do not depend on the machine."""
        epoch = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))

        def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.mtime = epoch
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mode = 0o755 if member.mode & 0o100 else 0o644
            return member

        name = f"{base_name}.tar.gz"
        os.makedirs(self.dist_dir, exist_ok=True)
        with (
            open(name, "wb") as file,
            gzip.GzipFile("", "wb", mtime=epoch, fileobj=file) as packed,
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            archive.add(base_dir, filter=plain)
        return name


def readme() -> str:
    """README.md with absolute links, because a package index has no files beside it."""
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    (source,) = re.findall('^Source = "(.*)"$', settings, re.MULTILINE)
    text = (ROOT / "README.md").read_text("utf-8")
    return re.sub(r"\]\((?!\w+:|#)", f"]({source}/blob/HEAD/", text)


setup(
    long_description=readme(),
    long_description_content_type="text/markdown",
    cffi_modules=["build_libgearman.py:ffibuilder"],
    cmdclass={"build": Build, "build_ext": BuildExtension, "sdist": ReproducibleSdist},
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if has_stable_abi() else {},
)
