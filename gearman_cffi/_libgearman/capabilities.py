"""The capabilities of the loaded libgearman, whose version may differ from the one at build time."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from gearman_cffi._libgearman import distribution
from gearman_cffi._libgearman.native import ffi, lib

# Optional functions, and the first version that exports each. None: no release exports it.
_SINCE = {
    "gearman_worker_set_ssl": "2.0.0",
    "gearman_client_namespace": None,
    "gearman_worker_shutdown_handle": None,
}


class MissingCapabilityError(NotImplementedError):
    """The loaded libgearman lacks something. The text names the version needed and the version found.

    Example:
            from gearman_cffi.ext import MissingCapabilityError

            try:
                client.setSSL()
            except MissingCapabilityError as error:
                print(error)
    """


class Capabilities(NamedTuple):
    """The version and the optional parts of the loaded library.

    Attributes:
        version: As gearman_version() returns it, for example 1.1.20+ds.
        functions: The optional C functions that it exports.
        interruptible_waits: Whether signal handlers run at once during every call that waits. False on platforms
            without ELF, and if the environment variable GEARMAN_CFFI_NO_INTERPOSE is not empty. Handlers then run
            within 100 ms; ping(), enableExceptionHandler(), addServer(), addServers() and a worker that sends a result
            run them at the end. Hostile servers are not survived there. See "Without interposition" in the
            documentation.
        tls: Whether it was built with TLS. setSSL() is refused all the same: no version's TLS is safe.

    Example:
            from gearman_cffi.ext import capabilities

            if capabilities.version_info < (1, 1, 20):
                print("please upgrade libgearman", capabilities.version)
    """

    version: str
    functions: frozenset[str]
    interruptible_waits: bool
    tls: bool = False

    @property
    def version_info(self) -> tuple[int, ...]:
        """The version as numbers: (1, 1, 20)."""
        numbers = "".join(letter if letter.isdigit() else " " for letter in self.version).split()
        return tuple(map(int, numbers[:3]))

    @property
    def distribution(self) -> str:
        """``gearman-cffi``, which uses the system's libgearman, or ``gearman-cffi-binary``, which contains its own."""
        return distribution.NAME

    @property
    def library(self) -> str | None:
        """The file of the loaded library; None on systems without /proc."""
        return distribution.library_path()

    @property
    def stop_wait_on_signal(self) -> bool:
        """Whether the options STOP_WAIT_ON_SIGNAL exist, which came with 2.0."""
        return self._is_2_0

    @property
    def submits_newest_first(self) -> bool:
        """Whether gearman_client_run_tasks() submits what was added last first, as 1.x does (Q27)."""
        return not self._is_2_0

    @property
    def _is_2_0(self) -> bool:
        """Whether the library is 2.0 or later. If it was built from a checkout, its version can be any text."""
        return "gearman_worker_set_ssl" in self.functions

    @property
    def needs_interposition(self) -> bool:
        """Whether the package refuses to load without interposition: answers would go to other jobs (Q41)."""
        return self._is_2_0

    def has(self, function: str) -> bool:
        """Whether the library exports an optional C function.

        Args:
            function: Its name.

        Returns:
            True or False.

        Raises:
            KeyError: The function is not optional.

        Example:
                from gearman_cffi.ext import capabilities

                if not capabilities.has("gearman_worker_set_ssl"):
                    print("libgearman", capabilities.version, "is older than 2.0")
        """
        if function not in _SINCE:
            raise KeyError(f"{function} is not an optional function of libgearman")
        return function in self.functions

    def refuse_tls(self) -> NoReturn:
        """Raises the error of setSSL(): no version encrypts safely.

        Raises:
            MissingCapabilityError: Always.

        Example:
                from gearman_cffi.ext import MissingCapabilityError, capabilities

                try:
                    capabilities.refuse_tls()
                except MissingCapabilityError as error:
                    print(error)
        """
        # Q33: without TLS it would send plain text. Q34, Q42, Q43, Q44: with TLS it checks nothing, crashes and hangs.
        if self.tls:
            reason = "its TLS checks no certificates, and a lost server crashes the process"
        else:
            reason = "it was built without TLS, and everything would be sent in plain text"
        raise MissingCapabilityError(
            f"libgearman {self.version} cannot encrypt safely: {reason}. Use a tunnel that verifies both sides, "
            "such as stunnel: see 'How to encrypt' in the documentation of gearman-cffi"
        )

    def require(self, function: str) -> None:
        """Raises an error if the library lacks an optional C function.

        Args:
            function: Its name.

        Raises:
            KeyError: The function is not optional.
            MissingCapabilityError: The library does not export it. The text names the version that does.

        Example:
                from gearman_cffi.ext import MissingCapabilityError, capabilities

                try:
                    capabilities.require("gearman_worker_set_ssl")
                except MissingCapabilityError as error:
                    print(error)
        """
        if not self.has(function):
            since = _SINCE[function]
            needed = f"libgearman {since} or later is needed" if since else "no release of libgearman exports it"
            raise MissingCapabilityError(f"{function}: {needed}, found {self.version}")


def _detect() -> Capabilities:
    return Capabilities(
        version=ffi.string(lib.gearman_version()).decode(),
        functions=frozenset(name for name in _SINCE if lib.gcffi_has(name.encode())),
        interruptible_waits=lib.gcffi_waits_are_ours(),
        tls=lib.gcffi_has_tls(),
    )


capabilities = _detect()
