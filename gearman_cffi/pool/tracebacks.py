"""Tracebacks of the user's code, without the frames of this package."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterable
from pathlib import Path

_HIDDEN_FRAMES = (str(Path(__file__).parents[1]), importlib.__file__, "<frozen importlib")


def user_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of its traceback, without those of this package and of importlib."""
    return _without_hidden(traceback.extract_tb(error.__traceback__))


def user_traceback(error: BaseException) -> str:
    """The traceback with its causes, without frames of this package and of importlib; only the text without others."""
    whole = traceback.TracebackException.from_exception(error)
    part: traceback.TracebackException | None = whole
    while part is not None:
        part.stack = traceback.StackSummary.from_list(_without_hidden(part.stack or ()))
        part = part.__cause__ or part.__context__
    return "".join(whole.format() if whole.stack else whole.format_exception_only()).rstrip()


def full_traceback(error: BaseException) -> str:
    """As user_traceback(), but with all frames if none of them is the user's."""
    if not user_frames(error):
        return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
    return user_traceback(error)


def _without_hidden(frames: Iterable[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    return [frame for frame in frames if not frame.filename.startswith(_HIDDEN_FRAMES)]
