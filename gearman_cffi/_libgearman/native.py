"""The compiled module, loaded and prepared: ``ffi`` and ``lib`` for the other modules of this room."""

from __future__ import annotations

import atexit
import os
import re
import threading

from gearman_cffi._libgearman import distribution

_REASON = "gearman-cffi cannot load libgearman: {reason}\n"
_INSTALL = """\
The shared library libgearman.so.8 (1.1.19 or later) is needed. Its package is
  Debian/Ubuntu      libgearman8
  Fedora             libgearman
  Alpine             gearman-libs
  macOS (Homebrew)   gearman
If gearman-cffi itself was not built for this Python, install it again with pip."""
_INSTALL_AGAIN = """\
gearman-cffi-binary contains its own libgearman; a package of the system cannot replace it. Install it again:
  pip install --force-reinstall gearman-cffi-binary
Of the system it needs only the C and C++ libraries (Debian/Ubuntu: libc6, libstdc++6)."""
_UNSAFE = """\
libgearman {version} gives the answers of some jobs to other jobs.
The package prevents that by replacing functions that libgearman imports, which is not possible here, or turned off by
GEARMAN_CFFI_NO_INTERPOSE. Use libgearman 1.1.19 to 1.1.22, or unset this variable."""

distribution.require_one()
try:
    from gearman_cffi._libgearman._native import ffi, lib
except ImportError as error:
    _remedy = _INSTALL_AGAIN if distribution.IS_BINARY else _INSTALL
    raise ImportError(_REASON.format(reason=error) + _remedy) from error

__all__ = ["ffi", "lib"]


def _tcp_timeout() -> int:
    """The milliseconds after which TCP gives up a server that is gone: GEARMAN_CFFI_TCP_TIMEOUT in seconds, or 30 s."""
    value = os.environ.get("GEARMAN_CFFI_TCP_TIMEOUT") or "30"
    if not re.fullmatch(r"\d{1,5}(\.\d*)?", value):
        raise ValueError(
            f"invalid GEARMAN_CFFI_TCP_TIMEOUT {value!r}: it must be seconds below 100000; 0 leaves it to the system"
        )
    return round(float(value) * 1000)


lib.gcffi_init()
if lib.gcffi_is_unsafe():  # Q41
    raise ImportError(_REASON.format(reason=_UNSAFE.format(version=ffi.string(lib.gearman_version()).decode())))
lib.gcffi_set_tcp_timeout(_tcp_timeout())
if lib.gcffi_set_main_thread(threading.main_thread().ident or 0):
    atexit.register(lib.gcffi_finalize)
os.register_at_fork(after_in_child=lib.gcffi_forked)
