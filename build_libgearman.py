"""The cffi builder of gearman_cffi._libgearman._native, and the search for the system's libgearman.

The search takes the first of these that applies:

1. the environment: GEARMAN_CFFI_INCLUDE_DIR, the folder that holds libgearman-1.0/, and GEARMAN_CFFI_LIB_DIR,
   the folder that holds the library (it is also remembered for run time). Either one switches pkg-config off:
   who sets them means a certain library;
2. pkg-config, with its module "gearmand" (PKG_CONFIG names another program, PKG_CONFIG_PATH another folder);
3. the compiler's own folders. CC, CFLAGS, CPPFLAGS and LDFLAGS work as everywhere.

Nothing is searched before something is compiled: sdist and metadata need neither compiler nor libgearman.
"""

from __future__ import annotations

import os
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
GLUE = Path("gearman_cffi/_libgearman/glue")

# Joined in this order: a name is declared before it is used.
HEADERS = (
    *("version", "limits", "protocol", "priority", "return", "signal", "connection", "constants"),
    *("job_handle", "kill", "client_callbacks", "actions", "function", "string", "argument", "allocator"),
    *("strerror", "aggregator", "task_attr", "task", "job", "result", "execute", "util", "status"),
    *("worker", "client", "parse", "cancel"),
)

LIMITED_API = "0x030A0000"


def has_stable_abi() -> bool:
    """Whether this Python takes abi3 modules: CPython that is neither free-threaded nor a debug build."""
    return not (sysconfig.get_config_var("Py_GIL_DISABLED") or sysconfig.get_config_var("Py_DEBUG"))


def make_builder() -> FFI:
    """The builder that cffi's setuptools hook asks for: libgearman's declarations, then those of our glue."""
    builder = FFI()
    for name in HEADERS:
        builder.cdef((ROOT / DECLARATIONS / f"{name}.h").read_text("utf-8"))
    builder.cdef((ROOT / GLUE / "declarations.h").read_text("utf-8"))
    builder.set_source(
        MODULE,
        '#include <libgearman-1.0/gearman.h>\n#include "optional.h"\n#include "glue.h"\n',
        sources=_files(GLUE, "*.c"),
        depends=_files(DECLARATIONS, "*.h") + _files(GLUE, "*.h"),
        include_dirs=[str(ROOT / GLUE)],
        define_macros=[("Py_LIMITED_API", LIMITED_API)] if has_stable_abi() else [],
        # Hidden, so that one function of ours calls another without a detour through the dynamic linker's tables.
        extra_compile_args=["-std=gnu11", "-Wall", "-fvisibility=hidden"],
        py_limited_api=has_stable_abi(),
    )
    return builder


def _files(folder: Path, pattern: str) -> list[str]:
    # setuptools wants relative paths; sorted, so that a build can be repeated bit for bit.
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob(pattern))


class Location(NamedTuple):
    """Where libgearman is; what is empty is left to the compiler's own folders.

    No dataclass: those look their module up in sys.modules, where cffi does not put the builder.
    """

    include_dirs: tuple[str, ...] = ()
    library_dirs: tuple[str, ...] = ()
    runtime_dirs: tuple[str, ...] = ()


def find_libgearman() -> Location:
    """Asks the environment, then pkg-config. Whether what they say is right, the probes tell.

    Raises:
        SystemExit: a folder that the environment names does not hold what it should.
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
        raise SystemExit(f"\ngearman-cffi cannot be built here: {variable} is {folder}: no {content} in it.\n")
    return (os.path.abspath(folder),)


class Need(NamedTuple):
    """A part that the build needs, the tiny program that shows whether it is there, and who packages it."""

    complaint: str
    program: str
    packages: tuple[str, str, str, str]  # Debian/Ubuntu, Fedora, Alpine, macOS
    link: bool = False


SYSTEMS = ("Debian/Ubuntu", "Fedora", "Alpine", "macOS (Homebrew)")
COMPILER = ("gcc libc6-dev", "gcc", "gcc musl-dev", "none: xcode-select --install")
PYTHON = ("python3-dev", "python3-devel", "python3-dev", "python")
LIBGEARMAN = ("libgearman-dev", "libgearman-devel", "gearman-dev", "gearman")
INCLUDE = "#include <libgearman-1.0/gearman.h>\n"
# Upstream writes decimal digits into LIBGEARMAN_VERSION_HEX.
VERSION_GUARD = "#if LIBGEARMAN_VERSION_HEX < 0x01001019\n#error too old\n#endif\n"

NEEDS = (
    Need("the C compiler ({compiler}) is missing or does not work", "#include <stdio.h>\n", COMPILER),
    Need("Python's C headers (Python.h) are missing", "#include <Python.h>\n", PYTHON),
    Need("libgearman's C headers are missing", INCLUDE, LIBGEARMAN),
    Need("this libgearman is too old, 1.1.19 or later is needed", INCLUDE + VERSION_GUARD, LIBGEARMAN),
    Need(
        "the library libgearman is missing or cannot be linked",
        INCLUDE + "int main(void) { return gearman_client_create(NULL) == NULL; }\n",
        LIBGEARMAN,
        link=True,
    ),
)


class Probe:
    """Compiles the tiny programs, quietly, before the real compiler run can fail at length."""

    def __init__(self, compiler: Any, location: Location) -> None:
        folders = [*location.include_dirs, *compiler.include_dirs]
        self._name = compiler.compiler_so[0]
        self._compile = [*compiler.compiler_so, *(f"-I{folder}" for folder in folders), "-c"]
        self._link = [*compiler.linker_exe, *shlex.split(os.environ.get("LDFLAGS", ""))]
        self._libraries = [*(f"-L{folder}" for folder in location.library_dirs), "-lgearman"]

    def complaint(self) -> str | None:
        """A few lines about the first part that is missing and how to get it; None where all are there."""
        need = next((need for need in NEEDS if not self._builds(need)), None)
        if need is None:
            return None
        lines = [f"gearman-cffi cannot be built here: {need.complaint.format(compiler=self._name)}. To install:"]
        lines += [f"  {system:<18}{package}" for system, package in zip(SYSTEMS, need.packages, strict=True)]
        if need.packages is LIBGEARMAN:
            lines.append("Is it somewhere else? Set GEARMAN_CFFI_INCLUDE_DIR and GEARMAN_CFFI_LIB_DIR.")
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


# Neither symbols nor debug information, which names the folders of the build machine, is of use to a user.
STRIP = ["-Wl,-S", "-Wl,-x"] if sys.platform == "darwin" else ["-Wl,--strip-all"]


def _wants_debug_information() -> bool:
    """Whether CFLAGS asks for it. (Python's own flags always do.)"""
    return any(flag.startswith("-g") and flag != "-g0" for flag in shlex.split(os.environ.get("CFLAGS", "")))


def without_runtime_paths(command: list[str]) -> list[str]:
    """The linker command without the run-time search paths of the Python that builds, such as a folder of pyenv.

    Those of LDFLAGS stay.
    """
    wanted = shlex.split(os.environ.get("LDFLAGS", ""))
    return [part for part in command if part in wanted or not part.startswith(("-Wl,-rpath", "-Wl,-R"))]


class BuildExtension(build_ext):
    """Compiles against the libgearman that was found; where a part is missing, names it and ends."""

    def build_extensions(self) -> None:
        """Probes, then compiles."""
        location = find_libgearman()
        complaint = Probe(self.compiler, location).complaint()
        if complaint is not None:
            # Not one of setuptools' exceptions: a build front end shows those with a traceback.
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
    """Compiles first, so that no pages about copied files stand before the complaint."""

    sub_commands = sorted(build.sub_commands, key=lambda command: command[0] != "build_ext")


ffibuilder = make_builder()
