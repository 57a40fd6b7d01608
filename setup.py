"""What pyproject.toml cannot say: the cffi module, its build commands, and the wheel's abi3 tag."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import setup

# A build front end does not put this folder on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from build_libgearman import Build, BuildExtension, has_stable_abi

setup(
    cffi_modules=["build_libgearman.py:ffibuilder"],
    cmdclass={"build": Build, "build_ext": BuildExtension},
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if has_stable_abi() else {},
)
