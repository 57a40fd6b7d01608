"""The exception and the warning of ext-gearman's API."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_PACKAGE = __name__.partition(".")[0] + "."


class GearmanException(Exception):
    """PHP's GearmanException, raised exactly where the extension throws it.

    The class is not final here: the exceptions of the Python API are subclasses of it.

    Args:
        message: The text; getMessage() returns it.
        code: The number of getCode().
        previous: The exception that led to this one; getPrevious() returns it.

    Example:
            try:
                client.addServer("127.0.0.1", 1)
            except GearmanException as error:
                print(error.getMessage())  # Failed to set exception option
    """

    def __init__(self, message: str = "", code: int = 0, previous: BaseException | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.__cause__ = previous

    def getMessage(self) -> str:
        """The message.

        Returns:
            The text.

        Example:
                print(error.getMessage())  # Failed to set exception option

        Equivalent to Exception::getMessage().
        """
        return self.message

    def getCode(self) -> int:
        """The code.

        Returns:
            The number given to the constructor: 0 for all exceptions of this package.

        Example:
                error.getCode()  # 0

        Equivalent to Exception::getCode().
        """
        return self.code

    def getPrevious(self) -> BaseException | None:
        """The exception that led to this one.

        Returns:
            The exception, or None.

        Example:
                if error.getPrevious() is not None:
                    print("because of", error.getPrevious())

        Equivalent to Exception::getPrevious().
        """
        return self.__cause__

    def getFile(self) -> str:
        """The file in which the program raised it, or called the method that raised it.

        Returns:
            The name of the file; "" before it is raised.

        Example:
                print(f"{error.getFile()}, line {error.getLine()}: {error.getMessage()}")

        Equivalent to Exception::getFile().
        """
        place = self._place()
        return place[0].f_code.co_filename if place else ""

    def getLine(self) -> int:
        """The number of the line in getFile().

        Returns:
            The number; 0 before it is raised.

        Example:
                print(f"{error.getFile()}, line {error.getLine()}: {error.getMessage()}")

        Equivalent to Exception::getLine().
        """
        place = self._place()
        return place[1] if place else 0

    def getTrace(self) -> list[dict[str, str | int]]:
        """The calls that led to it, the last call first.

        Calls outside the function that caught the exception are missing: Python does not record them.

        Returns:
            For each call "file" and "line" of the call and "function", and for a method also "class" and "type".

        Example:
                for call in error.getTrace():
                    print(f"{call['function']}() was called in {call['file']}, line {call['line']}")

        Equivalent to Exception::getTrace().
        """
        frames = self._frames()
        return [_call(*outer, inner[0]) for outer, inner in pairwise(frames)][::-1]

    def getTraceAsString(self) -> str:
        """getTrace() as text.

        Returns:
            A line for each call.

        Example:
                print(error.getMessage())
                print(error.getTraceAsString())

        Equivalent to Exception::getTraceAsString().
        """
        calls = [
            f"{call['file']}({call['line']}): {call.get('class', '')}{call.get('type', '')}{call['function']}()"
            for call in self.getTrace()
        ]
        return "\n".join(f"#{number} {call}" for number, call in enumerate([*calls, "{main}"]))

    def _place(self) -> tuple[FrameType, int] | None:
        return next((place for place in reversed(self._frames()) if not _is_ours(place[0])), None)

    def _frames(self) -> list[tuple[FrameType, int]]:
        """The frames of the traceback and their lines; of this package only the functions that the program called."""
        frames: list[tuple[FrameType, int]] = []
        step = self.__traceback__
        while step is not None:
            if not (frames and _is_ours(step.tb_frame) and _is_ours(frames[-1][0])):
                frames.append((step.tb_frame, step.tb_lineno))
            step = step.tb_next
        return frames


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(_PACKAGE)


def _call(caller: FrameType, line: int, called: FrameType) -> dict[str, str | int]:
    call: dict[str, str | int] = {"file": caller.f_code.co_filename, "line": line, "function": called.f_code.co_name}
    if "self" in called.f_code.co_varnames[:1]:
        call |= {"class": type(called.f_locals["self"]).__name__, "type": "->"}
    return call


class GearmanWarning(UserWarning):
    """An E_WARNING of the extension: ``GearmanClient::doNormal(): ...``.

    Python shows a warning once for each place. ``warnings.simplefilter("always", GearmanWarning)`` shows all of them,
    as PHP does, and ``"error"`` turns them into exceptions.

    Example:
            import warnings

            warnings.simplefilter("error", GearmanWarning)
            try:
                client.doNormal("reverse", "")
            except GearmanWarning as warning:
                print(warning)
    """
