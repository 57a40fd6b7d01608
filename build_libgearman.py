"""The cffi builder of gearman_cffi._libgearman._native, and the search for the system's libgearman.

The search uses the first of these that applies:

1. the environment variables GEARMAN_CFFI_INCLUDE_DIR, the directory that contains libgearman-1.0/, and
   GEARMAN_CFFI_LIB_DIR, the directory of the library, which is also used at run time. If either one is set, pkg-config
   is not used;
2. pkg-config, with its module "gearmand" (PKG_CONFIG sets another program, PKG_CONFIG_PATH another directory);
3. the default directories of the compiler.

CC, CFLAGS, CPPFLAGS and LDFLAGS work as usual. The module is stripped unless CFLAGS contains -g.
The search starts when the module is compiled: to build an sdist you need neither a compiler nor libgearman.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from cffi import FFI
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

MODULE = "gearman_cffi._libgearman._native"
ROOT = Path(__file__).resolve().parent
DECLARATIONS = Path("vendor/libgearman")
CSRC = Path("gearman_cffi/_libgearman/csrc")
ROOMS = ("boundary", "net", "client", "worker")

# In this order, because a name must be declared before it is used.
HEADERS = (
    *("version", "limits", "protocol", "priority", "return", "signal", "connection", "constants"),
    *("job_handle", "kill", "client_callbacks", "actions", "function", "string", "argument", "allocator"),
    *("strerror", "aggregator", "task_attr", "task", "job", "result", "execute", "util", "status"),
    *("worker", "client", "parse", "cancel"),
)

LIMITED_API = "0x030A0000"


def unsupported_python() -> str | None:
    """Why this Python cannot run the package; None if it can."""
    if sys.implementation.name != "cpython":
        return (
            f"this Python is {sys.implementation.name}, and the package supports CPython only: its C code uses "
            "CPython's C API, and runs Python's signal handlers as CPython does. Use CPython 3.10 or later"
        )
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return (
            "this CPython is free-threaded, and the package needs the GIL: its C code counts on it that one thread at "
            "a time changes what Python sees of an object. Use the CPython of this version that is not free-threaded"
        )
    return None


def has_stable_abi() -> bool:
    """Whether this Python can load abi3 modules: CPython that is neither free-threaded nor a debug build."""
    return not (sysconfig.get_config_var("Py_GIL_DISABLED") or sysconfig.get_config_var("Py_DEBUG"))


def make_builder() -> FFI:
    """The builder for cffi's setuptools hook, with the declarations of libgearman and of our C code."""
    builder = FFI()
    for name in HEADERS:
        builder.cdef((ROOT / DECLARATIONS / f"{name}.h").read_text("utf-8"))
    for name in ("api.h", "cdef.h"):
        builder.cdef(without_preprocessor((ROOT / CSRC / name).read_text("utf-8")))
    builder.set_source(
        MODULE,
        '#include <libgearman-1.0/gearman.h>\n#include "versions.h"\n#include "client.h"\n#include "worker.h"\n',
        sources=_files(CSRC, "**/*.c"),
        depends=_files(DECLARATIONS, "*.h") + _files(CSRC, "**/*.h"),
        include_dirs=[str(ROOT / CSRC), *(str(ROOT / CSRC / room) for room in ROOMS)],
        define_macros=[("Py_LIMITED_API", LIMITED_API)] if has_stable_abi() else [],
        # Hidden symbols: calls between our own functions do not go through the dynamic linker.
        extra_compile_args=["-std=gnu11", "-Wall", "-fvisibility=hidden"],
        py_limited_api=has_stable_abi(),
    )
    return builder


def without_preprocessor(text: str) -> str:
    """A header without preprocessor lines, which cffi does not support."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def _files(folder: Path, pattern: str) -> list[str]:
    # setuptools requires relative paths. Sorted, so that builds are reproducible.
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob(pattern))


class Location(NamedTuple):
    """Where libgearman is; empty parts mean the default directories of the compiler.

    Not a dataclass: dataclasses look up their module in sys.modules, and cffi does not put the builder there.
    """

    include_dirs: tuple[str, ...] = ()
    library_dirs: tuple[str, ...] = ()
    runtime_dirs: tuple[str, ...] = ()


def find_libgearman() -> Location:
    """Finds libgearman by the environment or by pkg-config. The probes check the result.

    Raises:
        SystemExit: a directory from the environment does not contain libgearman.
    """
    include = _folder_from_environment("GEARMAN_CFFI_INCLUDE_DIR", "libgearman-1.0/gearman.h")
    library = _folder_from_environment("GEARMAN_CFFI_LIB_DIR", "libgearman.*")
    if include or library:
        return Location(include, library, library)
    command = [*shlex.split(os.environ.get("PKG_CONFIG", "pkg-config")), "--cflags", "--libs", "gearmand"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return Location()
    flags = shlex.split(answer)
    includes, libraries = (tuple(f[2:] for f in flags if f.startswith(kind)) for kind in ("-I", "-L"))
    return Location(includes, libraries)


def _folder_from_environment(variable: str, content: str) -> tuple[str, ...]:
    folder = os.environ.get(variable)
    if not folder:
        return ()
    if not any(Path(folder).glob(content)):
        raise SystemExit(f"\ngearman-cffi cannot be built here: {variable} is {folder}, which contains no {content}.\n")
    return (os.path.abspath(folder),)


class Need(NamedTuple):
    """Something that the build needs, a small program that compiles only then, and the packages that have it."""

    complaint: str
    program: str
    packages: tuple[str, str, str, str]  # Debian/Ubuntu, Fedora, Alpine, macOS
    link: bool = False


SYSTEMS = ("Debian/Ubuntu", "Fedora", "Alpine", "macOS (Homebrew)")
COMPILER = ("gcc libc6-dev", "gcc", "gcc musl-dev", "none: xcode-select --install")
PYTHON = ("python3-dev", "python3-devel", "python3-dev", "python")
LIBGEARMAN = ("libgearman-dev", "libgearman-devel", "gearman-dev", "gearman")
INCLUDE = "#include <libgearman-1.0/gearman.h>\n"
# LIBGEARMAN_VERSION_HEX contains decimal digits.
VERSION_GUARD = "#if LIBGEARMAN_VERSION_HEX < 0x01001019\n#error too old\n#endif\n"

NEEDS = (
    Need("the C compiler ({compiler}) is missing or does not work", "#include <stdio.h>\n", COMPILER),
    Need("Python's C headers (Python.h) are missing", "#include <Python.h>\n", PYTHON),
    Need("libgearman's C headers are missing", INCLUDE, LIBGEARMAN),
    Need("this libgearman is too old: version 1.1.19 or later is needed", INCLUDE + VERSION_GUARD, LIBGEARMAN),
    Need(
        "the library libgearman is missing or cannot be linked",
        INCLUDE + "int main(void) { return gearman_client_create(NULL) == NULL; }\n",
        LIBGEARMAN,
        link=True,
    ),
)


class Probe:
    """Compiles the small programs without output, so that a missing part gives one short message."""

    def __init__(self, compiler: Any, location: Location) -> None:
        folders = [*location.include_dirs, *compiler.include_dirs]
        self._name = compiler.compiler_so[0]
        self._compile = [*compiler.compiler_so, *(f"-I{folder}" for folder in folders), "-c"]
        self._link = [*compiler.linker_exe, *shlex.split(os.environ.get("LDFLAGS", ""))]
        self._libraries = [*(f"-L{folder}" for folder in location.library_dirs), "-lgearman"]

    def complaint(self) -> str | None:
        """A few lines about the first missing part and how to install it; None if nothing is missing."""
        need = next((need for need in NEEDS if not self._builds(need)), None)
        if need is None:
            return None
        lines = [f"gearman-cffi cannot be built here: {need.complaint.format(compiler=self._name)}. To install:"]
        lines += [f"  {system:<18}{package}" for system, package in zip(SYSTEMS, need.packages, strict=True)]
        if need.packages is LIBGEARMAN:
            lines.append("If it is installed elsewhere, set GEARMAN_CFFI_INCLUDE_DIR and GEARMAN_CFFI_LIB_DIR.")
        return "\n".join(lines)

    def _builds(self, need: Need) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            source, compiled, linked = (str(Path(folder, f"probe{suffix}")) for suffix in (".c", ".o", ""))
            Path(source).write_text(need.program, "utf-8")
            if not _succeeds([*self._compile, source, "-o", compiled]):
                return False
            return not need.link or _succeeds([*self._link, compiled, *self._libraries, "-o", linked])


def _succeeds(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


# Debug information contains directories of the build machine, and users need neither it nor symbols.
STRIP = ["-Wl,-S", "-Wl,-x"] if sys.platform == "darwin" else ["-Wl,--strip-all"]

RUNTIME_PATH = re.compile(r"-Wl,(-rpath[,=]|-R)")


def _wants_debug_information() -> bool:
    """Whether CFLAGS asks for debug information. (Python's own flags always do.)"""
    return any(flag.startswith("-g") and flag != "-g0" for flag in shlex.split(os.environ.get("CFLAGS", "")))


def without_runtime_paths(command: list[str]) -> list[str]:
    """The linker command without the run-time search paths of the building Python, such as a directory of pyenv.

    The paths in LDFLAGS stay.
    """
    wanted = shlex.split(os.environ.get("LDFLAGS", ""))
    return [part for part in command if part in wanted or not RUNTIME_PATH.match(part)]


class BuildExtension(build_ext):
    """Compiles against the libgearman that was found; exits with a short message if something is missing."""

    def build_extensions(self) -> None:
        """Checks for everything that is needed, then compiles."""
        unsupported = unsupported_python()
        if unsupported:
            raise SystemExit(f"\ngearman-cffi cannot be built here: {unsupported}.\n")
        location = find_libgearman()
        complaint = Probe(self.compiler, location).complaint()
        if complaint is not None:
            # SystemExit, because build front ends show other exceptions with a traceback.
            raise SystemExit(f"\n{complaint}\n")
        for extension in self.extensions:
            extension.include_dirs += location.include_dirs
            extension.library_dirs += location.library_dirs
            extension.runtime_library_dirs += location.runtime_dirs
            extension.libraries += ["gearman"]
            if not _wants_debug_information():
                extension.extra_compile_args.append("-g0")
                extension.extra_link_args += STRIP
        self.compiler.linker_so = without_runtime_paths(self.compiler.linker_so)
        super().build_extensions()


class Build(build):
    """Compiles before it copies files, so that a short message is not preceded by pages of output."""

    sub_commands = sorted(build.sub_commands, key=lambda command: command[0] != "build_ext")


ffibuilder = make_builder()
