"""The parts of the build that pyproject.toml cannot express: the cffi module, build commands, the wheel's abi3 tag."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import setup

# Build front ends do not add this directory to the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from build_libgearman import Build, BuildExtension, has_stable_abi

setup(
    cffi_modules=["build_libgearman.py:ffibuilder"],
    cmdclass={"build": Build, "build_ext": BuildExtension},
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if has_stable_abi() else {},
)
