"""The exceptions of the Python layer: one tree under GearmanException.

Exception              second base      raised if
GearmanException                        the base of all, also of gearman_cffi.ext
  GearmanError                          the base of the Python API's exceptions
    ConnectionFailed   ConnectionError  no server could be reached
      NoServers                         the list of servers is empty
    ConnectionLost     ConnectionError  the connection broke before the answer
    JobTimeout         TimeoutError     there was no answer within the timeout
    JobError                            the worker did not do the job
      JobFailed                         ... without a reason (WORK_FAIL)
      JobException                      ... with an exception (WORK_EXCEPTION)
    ServerError                         the server answered with an error
      QueueFull                         ... because its queue is full
    InvalidArgument    ValueError       a name, a key or a priority cannot be sent
      InvalidJob       TypeError        an item of a bulk call is not a job
    SerializerError    ValueError       a value or its data cannot be converted
      UnsupportedValue TypeError        ... because of its type
    NoFunctionGiven                     a worker without handlers was run
    JobNotRunning      RuntimeError     a job sends while no worker executes it
    PoisonJob                           a job has killed too many processes
"""

from __future__ import annotations

import re
from typing import Any

from gearman_cffi.ext import GearmanException as GearmanException
from gearman_cffi.ext import ReturnCode

# "TypeName: message", as a Worker sends it. The names of PHP's classes contain backslashes, of local classes <locals>.
_EXCEPTION_TEXT = re.compile(r"([A-Za-z_][\w.\\<>]*): (.*)", re.DOTALL)


class GearmanError(GearmanException):
    """The base of the exceptions of the Python API.

    Attributes:
        return_code: libgearman's code, such as GEARMAN_TIMEOUT; None if it is not known.
        server: The servers that were asked, "host:port" with commas in between, or None.
        function: The function of the job, or None.
        handle: The handle of the job, or None.

    Example:
            try:
                client.execute_job("reverse", "hello", timeout=1)
            except GearmanError as error:
                print(error.return_code, error.server, error.function, error.handle)
    """

    return_code: int = ReturnCode.UNKNOWN_STATE

    def __init__(
        self,
        message: str = "",
        *,
        return_code: int | None = None,
        function: str | None = None,
        handle: str | None = None,
        server: str | None = None,
    ) -> None:
        super().__init__(message)
        if return_code is not None:
            self.return_code = return_code
        self.function = function
        self.handle = handle
        self.server = server


class ConnectionFailed(GearmanError, ConnectionError):  # noqa: N818
    """No server could be reached. Nothing was submitted.

    Example:
            try:
                client.execute_in_background("mail", "anna@example.org")
            except ConnectionFailed:
                database.save_for_later("mail", "anna@example.org")  # nothing was submitted
    """

    return_code = ReturnCode.COULD_NOT_CONNECT


class NoServers(ConnectionFailed):
    """The collection of servers is empty.

    Example:
            try:
                client.execute_job("reverse", "hello")
            except NoServers:
                logger.critical("no servers are configured")
    """

    return_code = ReturnCode.NO_SERVERS


class ConnectionLost(GearmanError, ConnectionError):  # noqa: N818
    """The connection was lost before the server answered. The job may have been accepted and done.

    Example:
            try:
                client.execute_in_background("thumbnail", "a.png")
            except ConnectionLost:  # the server may have the job, but a second thumbnail does no harm
                client.execute_in_background("thumbnail", "a.png")
    """

    return_code = ReturnCode.LOST_CONNECTION


class JobTimeout(GearmanError, TimeoutError):  # noqa: N818
    """There was no answer within the timeout. A job that was submitted may still be done.

    Example:
            try:
                price = client.execute_job("price", "article-1", timeout=0.5)
            except JobTimeout:
                price = None  # show the page without it
    """

    return_code = ReturnCode.TIMEOUT


class JobError(GearmanError):
    """A worker had the job and did not do it. The base of JobFailed and JobException.

    Example:
            try:
                client.execute_job("divide", 0)
            except JobError as error:
                logger.error("a worker has failed job %s: %s", error.handle, error)
    """

    return_code = ReturnCode.WORK_FAIL


class JobFailed(JobError):  # noqa: N818
    """The worker failed the job and gave no reason (WORK_FAIL).

    Example:
            try:
                client.execute_job("divide", 0)
            except JobException as error:
                print("the worker says", error.remote_message)
            except JobFailed:
                print("the job has failed; the log of the worker says why")
    """


class JobException(JobError):  # noqa: N818
    """The worker's function raised an exception, and the worker sent it (WORK_EXCEPTION).

    Attributes:
        remote_type: The type, from the text "TypeName: message"; None for any other text.
        remote_message: The message, or the whole text.
        remote_data: What the worker has sent, as bytes.

    Example:
            try:
                client.execute_job("divide", 0)
            except JobException as error:
                print(error.remote_type, error.remote_message)
    """

    return_code = ReturnCode.WORK_EXCEPTION

    def __init__(self, message: str = "", *, remote_data: bytes = b"", **known: Any) -> None:
        super().__init__(message, **known)
        self.remote_data = remote_data
        self.remote_type, self.remote_message = split_exception_text(remote_data)


class ServerError(GearmanError):
    """The server answered with an error.

    Example:
            try:
                client.execute_job("reverse", "hello")
            except ServerError as error:
                logger.error("gearmand at %s: %s", error.server, error)
    """

    return_code = ReturnCode.SERVER_ERROR


class QueueFull(ServerError):  # noqa: N818
    """The server takes no more jobs of this function: its `maxqueue` is reached, or it cannot write to its queue store.

    Example:
            try:
                client.execute_in_background("mail", "anna@example.org")
            except QueueFull:
                time.sleep(1)  # the workers are behind: wait for them, and start more
                client.execute_in_background("mail", "anna@example.org")
    """

    return_code = ReturnCode.JOB_QUEUE_FULL


class InvalidArgument(GearmanError, ValueError):  # noqa: N818
    """A value cannot be sent: a name that is empty, too long or contains NUL, a priority that does not exist.

    Example:
            try:
                client.execute_job("reverse", "hello", unique="x" * 100)
            except InvalidArgument as error:
                logger.error("%s", error)  # it names the argument and what is wrong with it
    """

    return_code = ReturnCode.INVALID_ARGUMENT


class InvalidJob(InvalidArgument, TypeError):  # noqa: N818
    """An item given to execute_jobs(), execute_jobs_in_background() or stream_jobs() is not a Job, or has no name.

    Attributes:
        index: The position of the item.
        item: The item.
        results: What execute_jobs_in_background() got for the jobs before it: a handle or an error for each. For the
            other calls it is empty: execute_jobs() has submitted nothing, and stream_jobs() has yielded the results.

    Example:
            try:
                client.execute_jobs_in_background([Job("mail", "anna"), "no job"])
            except InvalidJob as error:
                print(error.item, "at", error.index, "is not a job")
                print("submitted:", error.results)
    """

    def __init__(self, message: str = "", *, index: int = 0, item: object = None, **known: Any) -> None:
        super().__init__(message, **known)
        self.index = index
        self.item = item
        self.results: list[str | GearmanError] = []


class SerializerError(GearmanError, ValueError):
    """A value cannot be serialized, or data cannot be unserialized.

    Example:
            try:
                client.execute_job("reverse", 2**64)
            except SerializerError as error:  # cannot send the workload, or read the result
                logger.error("%s", error)
    """

    return_code = ReturnCode.INVALID_ARGUMENT


class UnsupportedValue(SerializerError, TypeError):  # noqa: N818
    """A value is of a type that the serializer does not support.

    Example:
            try:
                client.execute_job("mail", datetime.now())
            except UnsupportedValue:
                client.execute_job("mail", datetime.now().isoformat())
    """


class NoFunctionGiven(GearmanError):  # noqa: N818
    """run() was called on a worker without handlers.

    Example:
            jobs = JobCollection()
            try:
                Worker("127.0.0.1:4730", jobs).run()
            except NoFunctionGiven:
                logger.critical("no handlers: import the modules that add them to jobs")
    """

    return_code = ReturnCode.NO_REGISTERED_FUNCTIONS


class JobNotRunning(GearmanError, RuntimeError):  # noqa: N818
    """A method of a job that sends was called while no worker executes the job.

    Example:
            def report(done, total):
                try:
                    current_job().send_status(done, total)
                except JobNotRunning:  # called by a test or a script, not by a worker
                    print(f"{done} of {total}")

            report(1, 2)  # prints "1 of 2"
    """

    return_code = ReturnCode.INVALID_ARGUMENT


class PoisonJob(GearmanError):  # noqa: N818
    """A worker has given up a job: max_attempts processes of its pool have died while they ran it.

    Example:
            def gave_up(job, error):
                if isinstance(error, PoisonJob):
                    logger.critical("job %s has killed its worker processes", job.handle)

            @jobs.handler("render", max_attempts=3, gave_up=gave_up)
            def render(job): ...
    """

    return_code = ReturnCode.WORK_EXCEPTION


def split_exception_text(data: bytes) -> tuple[str | None, str]:
    """Returns (type name, message) of the text "TypeName: message"; (None, text) of any other text."""
    text = data.decode("utf-8", "replace")
    found = _EXCEPTION_TEXT.fullmatch(text)
    if found is None:
        return None, text
    return found.group(1), found.group(2)
