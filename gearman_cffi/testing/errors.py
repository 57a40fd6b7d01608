"""The exceptions of Gearmand. They are not GearmanExceptions: no server was asked for anything yet."""

from __future__ import annotations

PACKAGES = (
    "gearmand is in the package gearman-job-server on Debian and Ubuntu, gearmand on Fedora and Alpine, "
    "and gearman on Homebrew (macOS)"
)


class GearmandError(RuntimeError):
    """gearmand could not be started, does not answer, or is used while it is not running.

    Example:
            try:
                server = Gearmand(["--no-such-option"]).start()
            except GearmandError as error:
                print(error)  # ...ended with exit code... It wrote:
    """


class GearmandNotFound(GearmandError):  # noqa: N818
    """gearmand is not installed. The message names the package.

    Example:
            try:
                server = Gearmand().start()
            except GearmandNotFound as error:
                pytest.skip(str(error))
    """

    @classmethod
    def looked_for(cls, program: str) -> GearmandNotFound:
        """Makes the exception.

        Args:
            program: The name that is not in PATH.

        Returns:
            The exception.

        Example:
                error = GearmandNotFound.looked_for("gearmand")
                print(error)  # cannot find the program 'gearmand', which the test server needs. ...
        """
        return cls(
            f"cannot find the program {program!r}, which the test server needs. {PACKAGES}; "
            "the environment variable GEARMAND names a gearmand in another place"
        )
