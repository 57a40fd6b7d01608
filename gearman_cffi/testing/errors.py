"""The exceptions of Gearmand. They are not GearmanExceptions: no server was asked for anything yet."""

from __future__ import annotations

PACKAGES = (
    "gearmand is in the package gearman-job-server on Debian and Ubuntu, gearmand on Fedora and Alpine, "
    "and gearman on Homebrew (macOS)"
)


class GearmandError(RuntimeError):
    """gearmand could not be started, does not answer, or is used while it is not running."""


class GearmandNotFound(GearmandError):  # noqa: N818
    """gearmand is not installed. The message names the package."""

    @classmethod
    def looked_for(cls, program: str) -> GearmandNotFound:
        """Makes the exception.

        Args:
            program: The name that is not in PATH.

        Returns:
            The exception.
        """
        return cls(
            f"cannot find the program {program!r}, which the test server needs. {PACKAGES}; "
            "the environment variable GEARMAND names a gearmand in another place"
        )
