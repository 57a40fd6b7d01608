"""What goes wrong around the test server. Not part of GearmanException: nothing was asked of a server yet."""

from __future__ import annotations

PACKAGES = (
    "gearmand is in the package gearman-job-server on Debian and Ubuntu, gearmand on Fedora and Alpine, "
    "and gearman on Homebrew (macOS)"
)


class GearmandError(RuntimeError):
    """gearmand could not be started, does not answer, or is used while it is not running."""


class GearmandNotFound(GearmandError):  # noqa: N818
    """There is no gearmand on this machine; the text names the package that has it."""

    @classmethod
    def looked_for(cls, program: str) -> GearmandNotFound:
        """The error for a program that is not in PATH."""
        return cls(
            f"found no program {program!r} to start a test server with. {PACKAGES}; "
            "a gearmand at another place is named by the environment variable GEARMAND"
        )
