"""The base of GearmanClient and GearmanWorker: servers, options, timeout, and how failures are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NoReturn

from gearman_cffi._libgearman import capabilities, return_code_name
from gearman_cffi.ext import arguments
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

if TYPE_CHECKING:
    from gearman_cffi._libgearman import NativeClient, NativeWorker
    from gearman_cffi.ext.arguments import Data, Name

# The return codes of do*(), runTasks() and wait() without a warning.
NO_WARNING: Final = frozenset(
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
_EXCEPTIONS: Final = b"exceptions"
# The bit "allocated by libgearman" of the options. PHP hides it.
_ALLOCATED: Final = 1
# libgearman's texts after a success with and without a wait. PHP always shows the second one.
_WAITED, _NO_ERROR = (return_code_name(code) for code in (GEARMAN_IO_WAIT, GEARMAN_UNKNOWN_STATE))


class _SetByConstructor:
    """In place of an attribute: raises a clear error if a subclass does not call the constructor of its base class."""

    def __get__(self, instance: object, owner: type) -> _SetByConstructor:
        if instance is None:
            return self
        raise RuntimeError("object not set up: its class does not call the constructor of its base class")


# Not __getattr__(), which slows down every attribute of the class in CPython 3.11 and later.
SET_BY_CONSTRUCTOR: Any = _SetByConstructor()


class GearmanBase(Uncopyable):
    """The base of GearmanClient and GearmanWorker."""

    _php_class: ClassVar[str]
    _hidden_options: ClassVar[int] = 0  # bits that setOptions() and addOptions() ignore
    _tls_option: ClassVar[int]  # the bit that turns TLS on
    _native: NativeClient | NativeWorker = SET_BY_CONSTRUCTOR
    _rc: int = SET_BY_CONSTRUCTOR
    _text: str | None = SET_BY_CONSTRUCTOR  # None for libgearman's text

    def __init__(self) -> None:
        self._rc = GEARMAN_SUCCESS
        self._text = None

    def returnCode(self) -> int:
        """The return code of the last call that sets one.

        Returns:
            The code, such as GEARMAN_TIMEOUT; GEARMAN_SUCCESS before the first call.

        Example:
                client.doNormal("charge", "order-7")
                if client.returnCode() == GEARMAN_WORK_FAIL:
                    print("the payment was refused")

                if not worker.work() and worker.returnCode() == GEARMAN_TIMEOUT:
                    print("there was no job")

        Equivalent to GearmanClient::returnCode() and GearmanWorker::returnCode().
        """
        return int(self._rc)

    def error(self) -> str | Literal[False]:
        """The text of the last error.

        Test returnCode(), not this text: after a success it is "GEARMAN_UNKNOWN_STATE".

        Returns:
            The text; False before the first network operation.

        Example:
                client.doBackground("resize", "photo.jpg")
                if client.returnCode() != GEARMAN_SUCCESS:
                    print(client.error())

                if not worker.work() and worker.returnCode() != GEARMAN_TIMEOUT:
                    print(worker.error())

        Equivalent to gearman_client_error() and gearman_worker_error().
        """
        text = self._text if self._text is not None else self._native.error()
        if text is None:
            return False
        return _NO_ERROR if text == _WAITED and self._rc == GEARMAN_SUCCESS else text

    def getErrno(self) -> int:
        """The errno of the last socket error.

        Returns:
            The number; 0 if there was none.

        Example:
                import os

                if client.returnCode() == GEARMAN_ERRNO:
                    print(os.strerror(client.getErrno()))

                if worker.returnCode() == GEARMAN_ERRNO:
                    print(os.strerror(worker.getErrno()))

        Equivalent to gearman_client_errno() and gearman_worker_errno().
        """
        return self._native.errno()

    def options(self) -> int:
        """The options that are set.

        Returns:
            The sum of their bits.

        Example:
                if client.options() & GEARMAN_CLIENT_NON_BLOCKING:
                    client.wait()

                if worker.options() & GEARMAN_WORKER_NON_BLOCKING:
                    worker.wait()

        Equivalent to gearman_client_options() and gearman_worker_options().
        """
        return self._native.options() & ~_ALLOCATED

    def setOptions(self, option: int) -> bool:
        """Sets these options and removes all others.

        Args:
            option: Bits such as GEARMAN_CLIENT_NON_BLOCKING.

        Returns:
            True.

        Raises:
            TypeError: The option is not a number.
            ValueError: It has more than 32 bits, or is negative.
            MissingCapabilityError: The option turns TLS on: see setSSL().

        Example:
                client.setOptions(GEARMAN_CLIENT_NON_BLOCKING)
                client.options() & GEARMAN_CLIENT_FREE_TASKS  # 0

                worker.setOptions(GEARMAN_WORKER_NON_BLOCKING)
                worker.options() & GEARMAN_WORKER_GRAB_UNIQ  # 0

        Equivalent to gearman_client_set_options() and gearman_worker_set_options().
        """
        self._native.set_options(self._bits_to_set(option))
        return True

    def addOptions(self, option: int) -> bool:
        """Sets these options and keeps the others.

        Args:
            option: Bits such as GEARMAN_CLIENT_NON_BLOCKING.

        Returns:
            True.

        Raises:
            TypeError: The option is not a number.
            ValueError: It has more than 32 bits, or is negative.
            MissingCapabilityError: The option turns TLS on: see setSSL().

        Example:
                client.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
                client.addTask("resize", "photo.jpg")
                if client.runTasks() and client.returnCode() == GEARMAN_IO_WAIT:
                    client.wait()

                worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
                if not worker.work() and worker.returnCode() == GEARMAN_IO_WAIT:
                    worker.wait()

        Equivalent to gearman_client_add_options() and gearman_worker_add_options().
        """
        self._native.add_options(self._bits_to_set(option))
        return True

    def removeOptions(self, option: int) -> bool:
        """Removes these options.

        Args:
            option: Bits such as GEARMAN_CLIENT_NON_BLOCKING.

        Returns:
            True.

        Raises:
            TypeError: The option is not a number.
            ValueError: It has more than 32 bits, or is negative.

        Example:
                client.removeOptions(GEARMAN_CLIENT_FREE_TASKS)
                task = client.addTask("reverse", "hello")
                client.runTasks()
                print(task.jobHandle())

                worker.removeOptions(GEARMAN_WORKER_NON_BLOCKING)
                worker.work()  # waits for a job

        Equivalent to gearman_client_remove_options() and gearman_worker_remove_options().
        """
        self._native.remove_options(self._bits(option))
        return True

    def timeout(self) -> int:
        """The timeout.

        Returns:
            Milliseconds, negative for none.

        Example:
                before = client.timeout()
                client.setTimeout(5_000)
                client.ping("hello")
                client.setTimeout(before)

                before = worker.timeout()
                worker.setTimeout(5_000)
                worker.ping("hello")
                worker.setTimeout(before)

        Equivalent to gearman_client_timeout() and gearman_worker_timeout().
        """
        return self._native.timeout()

    def setTimeout(self, timeout: int) -> bool:
        """Sets the timeout.

        A client's timeout limits each wait for activity, not the whole call; a worker's timeout limits the wait of
        work().

        Args:
            timeout: Milliseconds, negative for none.

        Returns:
            True.

        Raises:
            TypeError: It is not a number.
            ValueError: It has more than 32 bits.

        Example:
                client.setTimeout(5_000)
                client.doNormal("resize", "photo.jpg")
                if client.returnCode() == GEARMAN_TIMEOUT:
                    print("nothing has happened for five seconds")

                worker.setTimeout(5_000)
                if not worker.work() and worker.returnCode() == GEARMAN_TIMEOUT:
                    print("there was no job for five seconds")

        Equivalent to gearman_client_set_timeout() and gearman_worker_set_timeout().
        """
        self._native.set_timeout(arguments.integer(timeout, "timeout"))
        return True

    def addServer(self, host: Name | None = None, port: int = 0, setupExceptionHandler: bool = True) -> bool:
        """Adds a server. A client submits jobs to the last one that it can reach; a worker takes jobs from all.

        Args:
            host: A name, an IPv4 or an IPv6 address; None or "" for localhost.
            port: 0 for 4730.
            setupExceptionHandler: Whether to request the exceptions of workers, which connects to every server.

        Returns:
            True; False with a warning if the host is unknown.

        Raises:
            GearmanException: A server did not grant the option or could not be reached; the new server stays added.
            ValueError: The port is out of range.

        Example:
                client.addServer("10.0.0.5", 4730)
                client.addServer("10.0.0.6", 4730)  # gets the jobs; if it is down, 10.0.0.5 does

                worker.addServer("10.0.0.5", 4730)
                worker.addServer("10.0.0.6", 4730)

        Equivalent to gearman_client_add_server() and gearman_worker_add_server().
        """
        address = None if host is None else arguments.name(host, "host")
        rc = self._native.add_server(address, arguments.integer(port, "port", 0, 65535))
        return self._finish_adding("addServer", rc, arguments.flag(setupExceptionHandler))

    def addServers(self, servers: Name | None = None, setupExceptionHandler: bool = True) -> bool:
        """Adds a list of servers. Servers before one with an unknown host stay added.

        Args:
            servers: host:port,host:port; None or an empty element is localhost:4730.
            setupExceptionHandler: As in addServer().

        Returns:
            True; False with a warning if a host is unknown.

        Raises:
            GearmanException: A server did not grant the option or could not be reached; the new server stays added.

        Example:
                client.addServers("10.0.0.5:4730,10.0.0.6:4730")

                worker.addServers("10.0.0.5:4730,10.0.0.6:4730")

        Equivalent to gearman_client_add_servers() and gearman_worker_add_servers().
        """
        rc = self._native.add_servers(arguments.optional_name(servers, "servers"))
        return self._finish_adding("addServers", rc, arguments.flag(setupExceptionHandler))

    def enableExceptionHandler(self) -> bool:
        """Requests the exceptions of workers from every server.

        Returns:
            True.

        Raises:
            GearmanException: A server does not answer or does not know the option.

        Example:
                client.addServer("127.0.0.1", 4730, setupExceptionHandler=False)  # does not connect
                client.enableExceptionHandler()

                worker.addServer("127.0.0.1", 4730, setupExceptionHandler=False)  # does not connect
                worker.enableExceptionHandler()

        Equivalent to gearman_client_set_server_option() and gearman_worker_set_server_option().
        """
        self._text = None
        if not self._native.request_option(_EXCEPTIONS):
            self._fail_option()
        return True

    def setSSL(
        self,
        ssl: bool = True,
        ca_file: Name | None = None,
        certificate: Name | None = None,
        key_file: Name | None = None,
    ) -> bool:
        """Refused: no version of libgearman encrypts safely. See "TLS and tunnels" in the documentation.

        Args:
            ssl: False for no change.
            ca_file: A PEM file, which is not read.
            certificate: A PEM file, which is not read.
            key_file: A PEM file, which is not read.

        Returns:
            True for ssl=False.

        Raises:
            MissingCapabilityError: ssl is true.

        Example:
                client.setSSL(False)
                client.addServer("127.0.0.1", 4730)  # the near end of a TLS tunnel to gearmand

                worker.setSSL(False)
                worker.addServer("127.0.0.1", 4730)

        Equivalent to gearman_client_set_ssl() and gearman_worker_set_ssl().
        """
        for what, value in {"ca_file": ca_file, "certificate": certificate, "key_file": key_file}.items():
            if value is not None:
                arguments.name(value, what)
        if arguments.flag(ssl):
            capabilities.refuse_tls()
        return True

    def wait(self) -> bool:
        """Waits for activity on a connection. For non-blocking mode, after GEARMAN_IO_WAIT or GEARMAN_NO_JOBS.

        Returns:
            True; False if the timeout has passed; False with a warning if there is no connection to wait for.

        Example:
                client.addOptions(GEARMAN_CLIENT_NON_BLOCKING)
                client.addTask("resize", "photo.jpg")
                while client.runTasks() and client.returnCode() == GEARMAN_IO_WAIT:
                    client.wait()

                worker.addOptions(GEARMAN_WORKER_NON_BLOCKING)
                while worker.work() or worker.returnCode() in (GEARMAN_IO_WAIT, GEARMAN_NO_JOBS):
                    if worker.returnCode() != GEARMAN_SUCCESS and not worker.wait():
                        break  # no job came within the timeout

        Equivalent to gearman_client_wait() and gearman_worker_wait().
        """
        self._text = None
        rc = self._rc = self._native.wait()
        if rc not in NO_WARNING and rc != GEARMAN_TIMEOUT:
            self._warn("wait")
        return rc in NO_WARNING

    def _ping(self, workload: Data, what: str) -> bool:
        data = arguments.data(workload, what)
        self._text = None
        rc = self._rc = self._native.echo(data)
        if rc not in (GEARMAN_SUCCESS, GEARMAN_IO_WAIT):
            self._warn("ping")
            return False
        return True

    def _finish_adding(self, call: str, rc: int, setup_exception_handler: bool) -> bool:
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
        # One bit would make libgearman connect and request the option "exceptions".
        return arguments.integer(option, "option", 0, 0xFFFFFFFF) & ~self._hidden_options

    def _bits_to_set(self, option: int) -> int:
        bits = self._bits(option)
        if bits & self._tls_option:
            capabilities.refuse_tls()
        return bits

    def _warn(self, call: str, text: str | None = None) -> None:
        """Reports a failure as PHP does. text: the reason, by default error().

        The Python layer overrides it, because it raises.
        """
        warn(f"{self._php_class}::{call}()", str(text or self.error() or return_code_name(self._rc)))
