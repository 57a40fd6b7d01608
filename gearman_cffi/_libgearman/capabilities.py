"""What the libgearman that was loaded can do, which may be another version than that of the build."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gearman_cffi._libgearman.native import ffi, lib

# Optional functions, and the first version that exports each; None for those that no release exports.
_SINCE = {
    "gearman_worker_set_ssl": "2.0.0",
    "gearman_client_namespace": None,
    "gearman_worker_shutdown_handle": None,
}


class MissingCapabilityError(NotImplementedError):
    """The libgearman that was loaded lacks something; the text names the version needed and the one found."""


@dataclass(frozen=True)
class Capabilities:
    """The loaded library's version and optional parts.

    version: as gearman_version() gives it, for example ``1.1.20+ds``.
    functions: the optional C functions that it exports.
    interruptible_waits: whether signal handlers run at once while libgearman waits. Where not (platforms
        without ELF, or GEARMAN_CFFI_NO_INTERPOSE in the environment), they run within 50 ms, and
        large payloads stay as slow on loopback as libgearman makes them.
    tls: whether it was built with TLS. Debian's was not, and would send everything in plain text.
    stop_wait_on_signal: whether it has the options GEARMAN_CLIENT/WORKER_STOP_WAIT_ON_SIGNAL.
    """

    version: str
    functions: frozenset[str]
    interruptible_waits: bool
    tls: bool = False

    @property
    def version_info(self) -> tuple[int, ...]:
        """The version as numbers: (1, 1, 20)."""
        return tuple(int(number) for number in re.findall(r"\d+", self.version)[:3])

    @property
    def stop_wait_on_signal(self) -> bool:
        """Whether the options STOP_WAIT_ON_SIGNAL exist, which came with 2.0."""
        return self.version_info >= (2, 0)

    def has(self, function: str) -> bool:
        """Whether the library exports an optional C function. Raises KeyError for one that is not optional."""
        if function not in _SINCE:
            raise KeyError(f"{function} is not an optional function of libgearman")
        return function in self.functions

    def require_tls(self) -> None:
        """Raises MissingCapabilityError where the library was built without TLS."""
        if not self.tls:
            raise MissingCapabilityError(
                f"libgearman {self.version} was built without TLS: jobs would go out in plain text; "
                "use one that was built with OpenSSL or wolfSSL"
            )

    def require(self, function: str) -> None:
        """Raises MissingCapabilityError where the library lacks an optional C function."""
        if not self.has(function):
            since = _SINCE[function]
            needed = f"libgearman {since} or later is needed" if since else "no release of libgearman exports it"
            raise MissingCapabilityError(f"{function}: {needed}, found {self.version}")


def _detect() -> Capabilities:
    return Capabilities(
        version=ffi.string(lib.gearman_version()).decode(),
        functions=frozenset(name for name in _SINCE if lib.gcffi_has(name.encode())),
        interruptible_waits=lib.gcffi_is_interposed(),
        tls=lib.gcffi_has_tls(),
    )


capabilities = _detect()
