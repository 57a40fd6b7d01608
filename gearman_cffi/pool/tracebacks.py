"""Tracebacks of the user's code, without the frames of this package."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path

_HIDDEN_FRAMES = (str(Path(__file__).parents[1]), importlib.__file__, "<frozen importlib")


def user_traceback(error: BaseException) -> str:
    """The traceback with its causes, without frames of this package and of importlib; only the text without others."""
    whole = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = whole
    while part is not None:
        frames = [frame for frame in part.stack or () if not frame.filename.startswith(_HIDDEN_FRAMES)]
        part.stack = traceback.StackSummary.from_list(frames)
        part = part.__cause__ or part.__context__
    return "".join(whole.format() if whole.stack else whole.format_exception_only()).rstrip()


def full_traceback(error: BaseException) -> str:
    """As user_traceback(), but with all frames if none of them is the user's."""
    frames = traceback.extract_tb(error.__traceback__)
    if all(frame.filename.startswith(_HIDDEN_FRAMES) for frame in frames):
        return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
    return user_traceback(error)
