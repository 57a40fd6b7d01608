"""The compiled module, loaded and prepared: ``ffi`` and ``lib`` for the other modules of this room."""

from __future__ import annotations

import atexit
import os
import threading

_HELP = """\
gearman-cffi cannot load libgearman: {reason}
The shared library libgearman.so.8 (1.1.19 or later) is needed. Its package is
  Debian/Ubuntu      libgearman8
  Fedora             libgearman
  Alpine             gearman-libs
  macOS (Homebrew)   gearman
If gearman-cffi itself was not built for this Python, install it again with pip."""

try:
    from gearman_cffi._libgearman._native import ffi, lib
except ImportError as error:
    raise ImportError(_HELP.format(reason=error)) from error

__all__ = ["ffi", "lib"]

lib.gcffi_init()
# Not the thread that happens to import this: signal handlers run in the main thread.
if lib.gcffi_set_main_thread(threading.main_thread().ident):
    atexit.register(lib.gcffi_end)
os.register_at_fork(after_in_child=lib.gcffi_forked)
