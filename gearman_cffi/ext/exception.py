"""What the mirror raises and warns with."""

from __future__ import annotations


class GearmanException(Exception):
    """PHP's GearmanException, raised exactly where the extension throws it.

    Not final here: the exceptions of the Python layer are its children.
    """

    def __init__(self, message: str = "", code: int = 0, previous: BaseException | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.__cause__ = previous

    def getMessage(self) -> str:
        """The message (Exception::getMessage)."""
        return self.message

    def getCode(self) -> int:
        """The code, always 0 in the mirror (Exception::getCode)."""
        return self.code

    def getPrevious(self) -> BaseException | None:
        """The exception that led to this one (Exception::getPrevious)."""
        return self.__cause__


class GearmanWarning(UserWarning):
    """Stands for an E_WARNING of the extension: ``GearmanClient::doNormal(): ...``.

    Python shows a warning once for each place; ``warnings.simplefilter("always", GearmanWarning)`` shows all, as PHP
    does, and ``"error"`` makes them exceptions.
    """
