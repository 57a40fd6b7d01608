"""Which distribution of this package is installed: one for the system's libgearman, or one that contains its own."""

from __future__ import annotations

import os

_PARENT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_LIBRARIES = "gearman_cffi_binary.libs"  # the folder of the binary distribution where auditwheel puts the libraries

IS_BINARY = os.path.isdir(os.path.join(_PARENT, _LIBRARIES))
NAME = "gearman-cffi-binary" if IS_BINARY else "gearman-cffi"


def require_one() -> None:
    """Raises ImportError if both distributions are installed: each has overwritten files of the other."""
    if IS_BINARY and any(name.startswith("gearman_cffi-") for name in os.listdir(_PARENT)):
        raise ImportError(
            f"gearman-cffi and gearman-cffi-binary are both installed in {_PARENT}, and overwrite each other's files.\n"
            "Remove both, then install one of them:\n"
            "  pip uninstall gearman-cffi gearman-cffi-binary"
        )


def library_path() -> str | None:
    """The file of the loaded libgearman; None on systems without /proc/self/maps."""
    try:
        with open("/proc/self/maps") as maps:
            files = sorted({line.split(maxsplit=5)[-1].rstrip("\n") for line in maps if "/libgearman" in line})
    except OSError:
        return None
    libraries = [file for file in files if os.path.basename(file).startswith("libgearman")]
    # Both may be loaded, for example if another extension uses the system's.
    return next((file for file in libraries if (f"/{_LIBRARIES}/" in file) == IS_BINARY), None)
