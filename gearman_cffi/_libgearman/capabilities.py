"""What the libgearman that was loaded can do, which may be another version than that of the build."""

from __future__ import annotations

from gearman_cffi._libgearman.native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# Optional functions, and the first version that exports each; None for those that no release exports.
_SINCE = {
    "gearman_worker_set_ssl": "2.0.0",
    "gearman_client_namespace": None,
    "gearman_worker_shutdown_handle": None,
}


class MissingCapabilityError(NotImplementedError):
    """The libgearman that was loaded lacks something; the text names the version needed and the one found."""


class Capabilities:
    """The loaded library's version and optional parts. A value: frozen, and equal by what it says.

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
    tls: bool

    # No dataclass: importing dataclasses costs more than all else that the mirror imports.
    def __init__(self, version: str, functions: frozenset[str], interruptible_waits: bool, tls: bool = False) -> None:
        vars(self).update(version=version, functions=functions, interruptible_waits=interruptible_waits, tls=tls)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name} cannot be set: it says what the library has")

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if isinstance(other, Capabilities) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        return f"Capabilities({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    @property
    def version_info(self) -> tuple[int, ...]:
        """The version as numbers: (1, 1, 20)."""
        numbers = "".join(letter if letter.isdigit() else " " for letter in self.version).split()
        return tuple(map(int, numbers[:3]))

    @property
    def stop_wait_on_signal(self) -> bool:
        """Whether the options STOP_WAIT_ON_SIGNAL exist, which came with 2.0."""
        return self.version_info >= (2, 0)

    @property
    def submits_newest_first(self) -> bool:
        """Whether gearman_client_run_tasks() submits what was added last first, as 1.x does."""
        return self.version_info < (2, 0)

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
