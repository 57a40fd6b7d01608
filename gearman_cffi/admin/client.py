"""Admin: gearmand's text protocol, typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from gearman_cffi.admin import parsing
from gearman_cffi.admin.errors import CommandRefused
from gearman_cffi.admin.models import FunctionStatus, JobInfo, PriorityStatus, WorkerInfo
from gearman_cffi.admin.protocol import ask
from gearman_cffi.durations import to_milliseconds
from gearman_cffi.exceptions import GearmanError, InvalidArgument, NoServers
from gearman_cffi.servers import Server, ServerCollection

_Answer = TypeVar("_Answer")
_MOST_AT_ONCE = 16
_LARGEST_LIMIT = 2**31 - 1  # gearmand reads it with atoi()


class Admin:
    """Asks servers what they have, and tells them what to keep; all of them at the same time.

    servers as for Client: None takes GEARMAN_SERVERS, else 127.0.0.1:4730. timeout, in seconds or as a timedelta,
    bounds each command at each server. Every command opens a connection of its own; an Admin holds nothing, and may
    be used by several threads.

    Commands that list give the rows of all servers, one server after the other in their order; those with a
    single answer give a dict by server. Where a server fails, the first failure in the order of the servers is
    raised; gather() gives what the others answered. Raises ConnectionFailed, ConnectionLost, ServerTimeout,
    CommandRefused (UnknownCommand for a command that the server does not have), AnswerNotUnderstood, NoServers.
    """

    def __init__(
        self,
        servers: ServerCollection | Iterable[Server | str] | Server | str | None = None,
        timeout: float | timedelta = 5.0,
    ) -> None:
        if servers is None:
            servers = ServerCollection.from_environment()
        self.servers = servers if isinstance(servers, ServerCollection) else ServerCollection(servers)
        self._timeout = (to_milliseconds(timeout) or 0) / 1000

    def gather(self, command: Callable[[Admin], _Answer]) -> dict[Server, _Answer | GearmanError]:
        """Runs a command for each server by itself: its answer, or the GearmanError in its place.

        admin.gather(Admin.status), admin.gather(lambda one: one.max_queue("resize", 100))
        """

        def run(server: Server) -> _Answer | GearmanError:
            try:
                return command(Admin([server], self._timeout))
            except GearmanError as error:
                return error

        return self._each(run)

    # ----------------------------------------------------------------------------------- listings

    def status(self) -> list[FunctionStatus]:
        """Functions with their jobs and workers (`status`)."""
        return self._list("status", parsing.status)

    def priority_status(self) -> list[PriorityStatus]:
        """Functions with their waiting jobs by priority (`prioritystatus`)."""
        return self._list("prioritystatus", parsing.priority_status)

    def workers(self) -> list[WorkerInfo]:
        """Connections with the functions that they announced (`workers`); this one is among them."""
        return self._list("workers", parsing.workers)

    def show_jobs(self) -> list[JobInfo]:
        """All jobs (`show jobs`)."""
        return self._list("show jobs", parsing.jobs)

    def show_unique_jobs(self) -> list[str]:
        """The unique keys of all jobs (`show unique jobs`)."""
        return self._list("show unique jobs", lambda server, text: parsing.unique_keys(text))

    # ----------------------------------------------------------------------------- single answers

    def version(self) -> dict[Server, str]:
        """The servers' versions (`version`)."""
        return self._each(lambda server: self._ask(server, "version"))

    def verbose(self) -> dict[Server, str]:
        """The servers' log levels, as "WARNING" (`verbose`)."""
        return self._each(lambda server: self._ask(server, "verbose"))

    def getpid(self) -> dict[Server, int]:
        """The servers' process ids, each on its own machine (`getpid`)."""
        return self._each(lambda server: parsing.process_id(server, self._ask(server, "getpid")))

    # ---------------------------------------------------------------------------------- orders

    def cancel_job(self, handle: str) -> bool:
        """Takes a job that waits out of the queue (`cancel job`); whether any server had it.

        The lists show it, as ignored, until a worker asks for jobs. A job that a worker has already is not stopped, and
        gearmand 1.1.20 reports it as cancelled all the same.
        """
        command = f"cancel job {_word(handle, 'a job handle')}"

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
        """Limits how many jobs of a function may wait (`maxqueue`); 0 for no limit.

        With normal and low, limit is for jobs of high priority; else it is for each priority.
        """
        if (normal is None) != (low is None):
            raise InvalidArgument("max_queue() takes one limit, or one each for high, normal and low")
        limits = [limit] if normal is None or low is None else [limit, normal, low]
        if min(limits) < 0 or max(limits) > _LARGEST_LIMIT:
            raise InvalidArgument(f"a queue limit must be between 0 (no limit) and {_LARGEST_LIMIT}")
        self._order(f"maxqueue {_word(function, 'a function name')} {' '.join(map(str, limits))}")

    def create_function(self, function: str) -> None:
        """Makes a function known before any worker or job names it (`create function`)."""
        self._order(f"create function {_word(function, 'a function name')}")

    def drop_function(self, function: str) -> None:
        """Forgets a function (`drop function`). Refused while it has workers, and where it is unknown.

        gearmand 1.1.20 does not refuse while jobs wait, and no worker is ever given those.
        """
        self._order(f"drop function {_word(function, 'a function name')}")

    # ------------------------------------------------------------------------------------- below

    def _ask(self, server: Server, command: str, listing: bool = False) -> str:
        return ask(server, command, self._timeout, listing)

    def _order(self, command: str) -> None:
        self._each(lambda server: self._ask(server, command))

    def _list(self, command: str, read: Callable[[Server, str], list[_Answer]]) -> list[_Answer]:
        answers = self._each(lambda server: read(server, self._ask(server, command, listing=True)))
        return [row for rows in answers.values() for row in rows]

    def _each(self, one: Callable[[Server], _Answer]) -> dict[Server, _Answer]:
        servers = list(dict.fromkeys(self.servers))
        if not servers:
            raise NoServers("there is no server to ask: give one, such as 'localhost:4730'")
        if len(servers) == 1:
            return {servers[0]: one(servers[0])}
        with ThreadPoolExecutor(min(len(servers), _MOST_AT_ONCE)) as threads:
            return dict(zip(servers, threads.map(one, servers), strict=True))

    def __repr__(self) -> str:
        return f"Admin({str(self.servers)!r})"


def _word(text: str, what: str) -> str:
    """A name as a word of a command line: the protocol has no quotes."""
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a str, not {type(text).__name__}")
    if not text or any(letter.isspace() or not letter.isprintable() for letter in text):
        raise InvalidArgument(f"{what} in a command must be a word without blanks and control characters, not {text!r}")
    return text
