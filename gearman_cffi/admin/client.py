"""Admin: the commands of gearmand's text protocol as methods."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from gearman_cffi.admin import parsing
from gearman_cffi.admin.errors import CommandRefused
from gearman_cffi.admin.models import FunctionStatus, JobInfo, PriorityStatus, WorkerInfo
from gearman_cffi.admin.protocol import ask
from gearman_cffi.checks import check_namespace
from gearman_cffi.durations import to_required_milliseconds
from gearman_cffi.exceptions import GearmanError, InvalidArgument, NoServers
from gearman_cffi.messages import short_repr
from gearman_cffi.servers import Server, ServerCollection, servers_or_default

_Answer = TypeVar("_Answer")
_Row = TypeVar("_Row", FunctionStatus, PriorityStatus)
_MAX_THREADS = 16
_MAX_LIMIT = 2**31 - 1  # gearmand reads it with atoi()


class Admin:
    """Sends administration commands to one or more servers, to all of them at the same time.

    Each command opens connections of its own, so several threads can share an Admin.

    Commands with a list return the rows of all servers, in the order of the servers; commands with a single answer
    return a dict by server. If servers fail, the error of the first one in that order is raised; gather() returns the
    answers of the others too.

    Args:
        servers: A ServerCollection, a string ("host:port,host:port"), a Server, or an iterable of both; None for the
            environment variable GEARMAN_SERVERS, and 127.0.0.1:4730 if that is not set.
        timeout: Limits each command at each server, in seconds or as a timedelta.
        tls: A context of the module ssl that verifies the server, such as ssl.create_default_context(cafile="ca.pem"),
            with load_cert_chain() for a server that asks for a certificate.
        namespace: Functions have the names that a Client and a Worker with this namespace use. Those outside it, and
            connections without a function in it, are not listed. Jobs are, because gearmand does not report their
            functions.

    Raises:
        InvalidArgument: tls does not verify the server.
        NoServers: There are no servers.

    Example:
            admin = Admin("127.0.0.1:4730", timeout=2)
            for row in admin.status():
                print(row.server, row.function, row.queued, row.running, row.workers)
    """

    def __init__(
        self,
        servers: ServerCollection | Iterable[Server | str] | Server | str | None = None,
        timeout: float | timedelta = 5.0,
        *,
        tls: ssl.SSLContext | None = None,
        namespace: str | None = None,
    ) -> None:
        if tls and not (tls.verify_mode is ssl.CERT_REQUIRED and tls.check_hostname):
            raise InvalidArgument(
                "the TLS context does not verify the server: use ssl.create_default_context(cafile=...) as it is"
            )
        self.servers = servers_or_default(servers)
        self._timeout = to_required_milliseconds(timeout) / 1000
        self._tls = tls
        self._namespace = check_namespace(namespace)

    def gather(self, command: Callable[[Admin], _Answer]) -> dict[Server, _Answer | GearmanError]:
        """Runs a command for each server separately.

        Args:
            command: Called with an Admin for one server.

        Returns:
            The answer or the GearmanError of each server.

        Example:
                admin.gather(Admin.status)
                admin.gather(lambda admin: admin.max_queue("resize", 100))
        """

        def run(server: Server) -> _Answer | GearmanError:
            try:
                return command(Admin([server], self._timeout, tls=self._tls, namespace=self._namespace or None))
            except GearmanError as error:
                return error

        return self._each(run)

    # -------------------------------------------------------------------------------------- lists

    def status(self) -> list[FunctionStatus]:
        """The functions with the numbers of their jobs and workers (`status`).

        Returns:
            The rows of all servers.

        Raises:
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                for row in admin.status():
                    print(f"{row.function}: {row.queued} queued, {row.running} running, {row.workers} workers")
        """
        return self._inside(self._list("status", parsing.status))

    def priority_status(self) -> list[PriorityStatus]:
        """The functions with the numbers of their waiting jobs by priority (`prioritystatus`).

        Returns:
            The rows of all servers.

        Raises:
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                for row in admin.priority_status():
                    print(row.function, row.high, row.normal, row.low)
        """
        return self._inside(self._list("prioritystatus", parsing.priority_status))

    def workers(self) -> list[WorkerInfo]:
        """The connections and the functions that each has registered, this connection included (`workers`).

        Returns:
            The rows of all servers.

        Raises:
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                without_name = [row.address for row in admin.workers() if row.functions and not row.client_id]
        """
        workers = self._list("workers", parsing.workers)
        if not self._namespace:
            return workers
        served = [replace(row, functions=tuple(self._names(row.functions))) for row in workers]
        return [row for row in served if row.functions]

    def show_jobs(self) -> list[JobInfo]:
        """The waiting and running jobs (`show jobs`).

        Returns:
            The rows of all servers.

        Raises:
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                lost = [job.handle for job in admin.show_jobs() if job.retries > 0]
        """
        return self._list("show jobs", parsing.jobs)

    def show_unique_jobs(self) -> list[str]:
        """The unique keys of the jobs (`show unique jobs`).

        Returns:
            The keys at all servers.

        Raises:
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                if "order-7" in admin.show_unique_jobs():
                    print("order 7 is queued or running")
        """
        return self._list("show unique jobs", lambda server, text: parsing.unique_keys(text))

    # ----------------------------------------------------------------------------- single answers

    def version(self) -> dict[Server, str]:
        """The servers' versions (`version`).

        Returns:
            The version of each server.

        Raises:
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                for server, version in admin.version().items():  # such as "1.1.20"
                    print(server, version)
        """
        return self._each(lambda server: self._ask(server, "version"))

    def verbose(self) -> dict[Server, str]:
        """The servers' log levels (`verbose`).

        Returns:
            The level of each server, such as "WARNING".

        Raises:
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                for server, level in admin.verbose().items():
                    print(server, level)  # 127.0.0.1:4730 WARNING
        """
        return self._each(lambda server: self._ask(server, "verbose"))

    def getpid(self) -> dict[Server, int]:
        """The servers' process ids on their machines (`getpid`).

        Returns:
            The id of each server.

        Raises:
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                for server, process_id in admin.getpid().items():
                    print(server, process_id)
        """
        return self._each(lambda server: parsing.process_id(server, self._ask(server, "getpid")))

    # ------------------------------------------------------------------------------------ changes

    def cancel_job(self, handle: str) -> bool:
        """Removes a waiting job from the queue (`cancel job`).

        The job stays in the lists, as ignored, until a worker asks for jobs. A running job is not stopped, although
        gearmand 1.1.20 reports success for it too: ask Client.get_job_status() whether it is running.

        Args:
            handle: The handle of the job.

        Returns:
            Whether a server had the job.

        Raises:
            InvalidArgument: A name cannot be sent, or a limit is out of range.
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                handle = client.execute_in_background("mail", "anna@example.org", delay=3600)
                if admin.cancel_job(handle):
                    print(handle, "will not run")
        """
        command = f"cancel job {_word(handle, 'job handle')}"

        def one(server: Server) -> bool:
            try:
                self._ask(server, command)
            except CommandRefused as error:
                if error.error_code != "UNKNOWN_JOB":
                    raise
                return False
            return True

        return any(self._each(one).values())

    def max_queue(self, function: str, limit: int, normal: int | None = None, low: int | None = None) -> None:
        """Limits how many jobs of a function can wait (`maxqueue`).

        Args:
            function: The name of the function.
            limit: For each priority, or for high priority if normal and low are given too; 0 for no limit.
            normal: The limit for normal priority.
            low: The limit for low priority.

        Raises:
            InvalidArgument: A name cannot be sent, or a limit is out of range.
            TypeError: A limit is not an int.
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                admin.max_queue("mail", 10_000)  # execute_in_background() raises QueueFull beyond it
                admin.max_queue("mail", 0)       # no limit
        """
        if (normal is None) != (low is None):
            raise InvalidArgument("max_queue() takes one limit, or three: for high, normal and low priority")
        limits = [limit] if normal is None or low is None else [limit, normal, low]
        for number in limits:
            if type(number) is not int:
                raise TypeError(f"a queue limit must be an int, not {short_repr(number)}")
            if not 0 <= number <= _MAX_LIMIT:
                raise InvalidArgument(
                    f"a queue limit must be between 0 (no limit) and {_MAX_LIMIT}, not {short_repr(number)}"
                )
        self._run(f"maxqueue {self._name(function)} {' '.join(map(str, limits))}")

    def create_function(self, function: str) -> None:
        """Creates a function, before a worker or a job does (`create function`).

        Args:
            function: The name of the function.

        Raises:
            InvalidArgument: A name cannot be sent, or a limit is out of range.
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The server answered ERR; UnknownCommand if it does not have the command.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                admin.create_function("mail")
                admin.max_queue("mail", 10_000)
        """
        self._run(f"create function {self._name(function)}")

    def drop_function(self, function: str) -> None:
        """Removes a function (`drop function`).

        gearmand 1.1.20 also removes a function with waiting jobs; no worker will ever get these jobs.

        Args:
            function: The name of the function.

        Raises:
            InvalidArgument: The name cannot be sent.
            ConnectionFailed: No server listens there.
            ConnectionLost: The connection broke.
            ServerTimeout: There was no complete answer in time.
            CommandRefused: The function has workers or does not exist.
            AnswerNotUnderstood: The answer is not one of gearmand's.

        Example:
                try:
                    admin.drop_function("misspelled")
                except CommandRefused:
                    print("it has workers, or does not exist")
        """
        self._run(f"drop function {self._name(function)}")

    # ----------------------------------------------------------------------------------- internals

    def _ask(self, server: Server, command: str, listing: bool = False) -> str:
        return ask(server, command, self._timeout, listing, self._tls)

    def _name(self, function: str) -> str:
        """The name that the server has for a function."""
        return self._namespace + _word(function, "function name")

    def _names(self, functions: Iterable[str]) -> list[str]:
        """The functions of the namespace, without it."""
        return [name[len(self._namespace) :] for name in functions if name.startswith(self._namespace)]

    def _inside(self, rows: list[_Row]) -> list[_Row]:
        if not self._namespace:
            return rows
        return [replace(row, function=name) for row in rows for name in self._names([row.function])]

    def _run(self, command: str) -> None:
        self._each(lambda server: self._ask(server, command))

    def _list(self, command: str, read: Callable[[Server, str], list[_Answer]]) -> list[_Answer]:
        answers = self._each(lambda server: read(server, self._ask(server, command, listing=True)))
        return [row for rows in answers.values() for row in rows]

    def _each(self, one: Callable[[Server], _Answer]) -> dict[Server, _Answer]:
        servers = list(dict.fromkeys(self.servers))
        if not servers:
            raise NoServers("no servers given; pass at least one, such as 'localhost:4730'")
        if len(servers) == 1:
            return {servers[0]: one(servers[0])}
        with ThreadPoolExecutor(min(len(servers), _MAX_THREADS)) as threads:
            return dict(zip(servers, threads.map(one, servers), strict=True))

    def __repr__(self) -> str:
        return f"Admin({str(self.servers)!r})"


def _word(text: str, what: str) -> str:
    """The name, checked: the protocol has no quotes, so that a blank would end it."""
    if not isinstance(text, str):
        raise TypeError(f"a {what} must be a str, not {type(text).__name__}")
    if not text or any(letter.isspace() or not letter.isprintable() for letter in text):
        raise InvalidArgument(
            f"invalid {what} {short_repr(text)}: the text protocol allows no empty names, spaces or control characters"
        )
    return text
