"""Warnings where PHP warns, shown at the place in the user's program that made the call."""

from __future__ import annotations

import sys
import warnings

from gearman_cffi.ext.exception import GearmanWarning

_OURS = __name__.partition(".")[0] + "."


def warn(call: str, text: str) -> None:
    """Warns with ``call: text``, as PHP writes it."""
    level = 1
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_OURS):
        frame = frame.f_back
        level += 1
    warnings.warn(GearmanWarning(f"{call}: {text}"), stacklevel=level)
