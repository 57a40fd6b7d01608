"""What GearmanClient and GearmanWorker have in common: servers, options, timeout, and how they report failure."""

from __future__ import annotations

from gearman_cffi._libgearman import return_code_name
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import Data, Name
from gearman_cffi.ext.constants import (
    GEARMAN_IO_WAIT,
    GEARMAN_PAUSE,
    GEARMAN_SUCCESS,
    GEARMAN_TIMEOUT,
    GEARMAN_UNKNOWN_STATE,
    GEARMAN_WORK_DATA,
    GEARMAN_WORK_EXCEPTION,
    GEARMAN_WORK_FAIL,
    GEARMAN_WORK_STATUS,
    GEARMAN_WORK_WARNING,
)
from gearman_cffi.ext.exception import GearmanException
from gearman_cffi.ext.uncopyable import Uncopyable
from gearman_cffi.ext.warnings import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, Literal, NoReturn, TypeVar

    from gearman_cffi._libgearman import NativeClient, NativeWorker

    _Self = TypeVar("_Self", bound="Connected")

_EXCEPTIONS = b"exceptions"
# The bits libgearman reports of itself and the extension does not: "allocated by libgearman".
_ALLOCATED = 1
_SET_BY_CONSTRUCTOR = frozenset({"_background_handle", "_context", "_handle", "_tasks"})
# What libgearman leaves after a call that had to wait, and what it leaves after one that had not: PHP shows the latter.
_WAITED, _NO_ERROR = (return_code_name(code) for code in (GEARMAN_IO_WAIT, GEARMAN_UNKNOWN_STATE))


class Connected(Uncopyable):
    """The base of GearmanClient and GearmanWorker."""

    _php_class: ClassVar[str]
    _handle: NativeClient | NativeWorker
    _rc: int
    _text: str | None

    def __new__(cls: type[_Self], *_: object, **__: object) -> _Self:
        """Takes what the constructor of a subclass may take."""
        self = super().__new__(cls)
        self._rc, self._text = GEARMAN_SUCCESS, None
        return self

    if not TYPE_CHECKING:  # for type checkers every name would be an attribute

        def __getattr__(self, name: str) -> NoReturn:
            """Names the mistake of a subclass that does not call this constructor: PHP's object then fails oddly."""
            if name in _SET_BY_CONSTRUCTOR:
                raise RuntimeError("object not set up: its class does not call the constructor of its base class")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def returnCode(self) -> int:
        """The return code of the last call that sets one (see GEARMAN_SUCCESS and so on), 0 at first.

        Stands for GearmanClient::returnCode and GearmanWorker::returnCode.
        """
        return int(self._rc)

    def error(self) -> str | Literal[False]:
        """The text of the last error, False before the first network operation.

        After a call that succeeded it is what libgearman left there: test returnCode(), not this text.
        Stands for gearman_client_error() and gearman_worker_error().
        """
        text = self._text if self._text is not None else self._handle.error()
        if text is None:
            return False
        return _NO_ERROR if text == _WAITED and self._rc == GEARMAN_SUCCESS else text

    def getErrno(self) -> int:
        """The errno of the last error of a socket, 0 for none (gearman_client_errno(), gearman_worker_errno())."""
        return self._handle.errno()

    def options(self) -> int:
        """The options that are set, as bits (gearman_client_options(), gearman_worker_options())."""
        return self._handle.options() & ~_ALLOCATED

    def setOptions(self, option: int) -> bool:
        """Sets these options and removes all others. Always True.

        Stands for gearman_client_set_options() and gearman_worker_set_options().
        """
        self._handle.set_options(self._bits(option))
        return True

    def addOptions(self, option: int) -> bool:
        """Sets these options beside those that are set. Always True.

        Stands for gearman_client_add_options() and gearman_worker_add_options().
        """
        self._handle.add_options(self._bits(option))
        return True

    def removeOptions(self, option: int) -> bool:
        """Removes these options. Always True.

        Stands for gearman_client_remove_options() and gearman_worker_remove_options().
        """
        self._handle.remove_options(self._bits(option))
        return True

    def timeout(self) -> int:
        """The timeout in ms, negative for none (gearman_client_timeout(), gearman_worker_timeout())."""
        return self._handle.timeout()

    def setTimeout(self, timeout: int) -> bool:
        """Sets the timeout in ms, negative for none. Always True. Raises ValueError beyond 32 bits.

        A client's timeout bounds each wait for activity, not the whole call; a worker's the wait of work().
        Stands for gearman_client_set_timeout() and gearman_worker_set_timeout().
        """
        self._handle.set_timeout(arguments.integer(timeout, "timeout"))
        return True

    def addServer(self, host: Name | None = None, port: int = 0, setupExceptionHandler: bool = True) -> bool:
        """Adds a server. A client submits to the one added last that can be reached; a worker serves all.

        host: None or "" for localhost; a name, an IPv4 or an IPv6 address. port: 0 for 4730.
        setupExceptionHandler: whether to ask for the exceptions of workers, which connects to every server.
        Returns True; False with a warning where the host is unknown. Raises GearmanException where a server
        did not grant the option or could not be reached: this one stays added nevertheless.
        Stands for gearman_client_add_server() and gearman_worker_add_server().
        """
        address = None if host is None else arguments.name(host, "host")
        rc = self._handle.add_server(address, arguments.integer(port, "port", 0, 65535))
        return self._added("addServer", rc, arguments.flag(setupExceptionHandler))

    def addServers(self, servers: Name | None = None, setupExceptionHandler: bool = True) -> bool:
        """Adds a list of servers, ``host:port,host:port``; None or an empty element is localhost:4730.

        Returns and raises what addServer() does. Servers before an unknown one stay added.
        Stands for gearman_client_add_servers() and gearman_worker_add_servers().
        """
        rc = self._handle.add_servers(arguments.optional_name(servers, "servers"))
        return self._added("addServers", rc, arguments.flag(setupExceptionHandler))

    def enableExceptionHandler(self) -> bool:
        """Asks every server for the exceptions of workers. True, or raises GearmanException.

        Stands for gearman_client_set_server_option() and gearman_worker_set_server_option().
        """
        self._text = None
        if not self._handle.request_option(_EXCEPTIONS):
            self._fail_option()
        return True

    def setSSL(
        self,
        ssl: bool,
        ca_file: Name | None = None,
        certificate: Name | None = None,
        key_file: Name | None = None,
    ) -> bool:
        """Encrypts connections that are opened from now on. Nothing checks who is at the other end.

        The files, in PEM, name the authority, the certificate and its key; None takes libgearman's default.
        Returns True. Raises MissingCapabilityError where libgearman was built without TLS, and what open() raises for a
        file that cannot be read. Stands for gearman_client_set_ssl() and gearman_worker_set_ssl().
        """
        names = {"ca_file": ca_file, "certificate": certificate, "key_file": key_file}
        files = [None if value is None else arguments.name(value, what) for what, value in names.items()]
        if arguments.flag(ssl):
            for file in filter(None, files):
                with open(file, "rb"):  # libgearman 2.0 ends the process where it cannot
                    pass
            self._handle.set_ssl(files)
        return True

    def wait(self) -> bool:
        """Waits for activity on a connection, in non-blocking mode after GEARMAN_IO_WAIT or GEARMAN_NO_JOBS.

        Returns True; False when the timeout is over, and with a warning when nothing can be waited for.
        Stands for gearman_client_wait() and gearman_worker_wait().
        """
        self._text = None
        rc = self._rc = self._handle.wait()
        if rc not in TOLERATED and rc != GEARMAN_TIMEOUT:
            self._warn("wait")
        return rc in TOLERATED

    def _ping(self, workload: Data, what: str) -> bool:
        data = arguments.data(workload, what)
        self._text = None
        rc = self._rc = self._handle.echo(data)
        if rc not in (GEARMAN_SUCCESS, GEARMAN_IO_WAIT):
            self._warn("ping")
            return False
        return True

    def _added(self, call: str, rc: int, setup_exception_handler: bool) -> bool:
        self._text = None
        self._rc = rc
        if rc != GEARMAN_SUCCESS:
            self._warn(call)
            return False
        if setup_exception_handler:
            self.enableExceptionHandler()
        return True

    def _fail_option(self) -> NoReturn:
        error = GearmanException("Failed to set exception option")
        if hasattr(error, "add_note"):  # Python 3.11
            error.add_note(str(self.error()))
        raise error

    def _bits(self, option: int) -> int:
        # Asking for the option "exceptions" is a bit of its own in libgearman, one that would connect.
        return arguments.integer(option, "option", 0, 0xFFFFFFFF) & ~self._hidden_options

    _hidden_options: ClassVar[int] = 0

    def _warn(self, call: str, text: str | None = None) -> None:
        """Reports a failure as PHP does. text: of the failed call; None for that of error().

        The Python layer, which raises, overrides it.
        """
        warn(f"{self._php_class}::{call}()", str(text or self.error() or return_code_name(self._rc)))


# What do*, runTasks and wait report by their return code alone, without a warning.
TOLERATED = frozenset(
    {
        GEARMAN_SUCCESS,
        GEARMAN_PAUSE,
        GEARMAN_IO_WAIT,
        GEARMAN_WORK_STATUS,
        GEARMAN_WORK_DATA,
        GEARMAN_WORK_WARNING,
        GEARMAN_WORK_EXCEPTION,
        GEARMAN_WORK_FAIL,
    }
)
