"""libgearman's return codes."""

from __future__ import annotations

import enum

from gearman_cffi._libgearman.buffers import return_code_name


class ReturnCode(enum.IntEnum):
    """gearman_return_t, by the names of the C constants without their prefix.

    Example:
            from gearman_cffi.ext import ReturnCode

            client.doNormal("charge", "order-7")
            ReturnCode(client.returnCode()).name  # "WORK_FAIL"
    """

    SUCCESS = 0
    """The call succeeded."""
    IO_WAIT = 1
    """Non-blocking mode: the call would have to wait for the network. wait(), then call again."""
    SHUTDOWN = 2
    """gearman_kill() ended the worker at once."""
    SHUTDOWN_GRACEFUL = 3
    """GearmanWorker.stop() ended work(), after the running job."""
    ERRNO = 4
    """A system call failed, mostly because a connection broke; getErrno() returns its errno."""
    EVENT = 5
    """libevent failed. Inside gearmand only."""
    TOO_MANY_ARGS = 6
    """A packet has more arguments than its command allows."""
    NO_ACTIVE_FDS = 7
    """wait() has nothing to wait for: no server is connected."""
    INVALID_MAGIC = 8
    """The server's answer is not a Gearman packet. Often the port belongs to another service."""
    INVALID_COMMAND = 9
    """A packet has a command that the protocol does not define."""
    INVALID_PACKET = 10
    """A packet is malformed."""
    UNEXPECTED_PACKET = 11
    """A packet does not fit the call, such as the server's rejection of a job's late answer."""
    GETADDRINFO = 12
    """The host's name could not be looked up."""
    NO_SERVERS = 13
    """The client or worker has no server."""
    LOST_CONNECTION = 14
    """The server closed the connection before it answered."""
    MEMORY_ALLOCATION_FAILURE = 15
    """Out of memory."""
    JOB_EXISTS = 16
    """The job is in the queue already. Inside gearmand only: a client joins that job."""
    JOB_QUEUE_FULL = 17
    """The limit that `maxqueue` sets for the function is reached; the server did not accept the job."""
    SERVER_ERROR = 18
    """The server answered with an error that has no code of its own; error() has its text."""
    WORK_ERROR = 19
    """The function of a worker returns its job: the server gives it to a worker again."""
    WORK_DATA = 20
    """A part of a result arrived."""
    WORK_WARNING = 21
    """A warning arrived."""
    WORK_STATUS = 22
    """A status arrived."""
    WORK_EXCEPTION = 23
    """The worker's function raised an exception, and the worker sent it."""
    WORK_FAIL = 24
    """The worker failed the job and said nothing more, or the server gave it up (`--job-retries`)."""
    NOT_CONNECTED = 25
    """There is no connection to send to."""
    COULD_NOT_CONNECT = 26
    """No server could be reached."""
    SEND_IN_PROGRESS = 27
    """The previous packet is not sent yet. Inside libgearman only."""
    RECV_IN_PROGRESS = 28
    """The previous packet has not arrived yet. Inside libgearman only."""
    NOT_FLUSHING = 29
    """Nothing is being sent. Inside libgearman only."""
    DATA_TOO_LARGE = 30
    """More data than the packet has room for."""
    INVALID_FUNCTION_NAME = 31
    """The name of the function is empty or too long."""
    INVALID_WORKER_FUNCTION = 32
    """The registered function cannot be called."""
    NO_REGISTERED_FUNCTION = 33
    """The worker does not know this function."""
    NO_REGISTERED_FUNCTIONS = 34
    """The worker has no functions."""
    NO_JOBS = 35
    """No server has a job now. Non-blocking mode: wait(), then call again."""
    ECHO_DATA_CORRUPTION = 36
    """ping() received other data than it sent."""
    NEED_WORKLOAD_FN = 37
    """A task without a workload, and no workload callback."""
    PAUSE = 38
    """A callback returned this code: runTasks() stops, and the next call continues."""
    UNKNOWN_STATE = 39
    """A failure that has no code of its own."""
    PTHREAD = 40
    """A thread could not be created. Inside gearmand only."""
    PIPE_EOF = 41
    """The wake-up pipe of a thread was closed. Inside gearmand only."""
    QUEUE_ERROR = 42
    """The server's persistent queue could not store the job; the server did not accept it."""
    FLUSH_DATA = 43
    """Some data is not sent yet. Inside libgearman only."""
    SEND_BUFFER_TOO_SMALL = 44
    """The header of a packet does not fit into the send buffer."""
    IGNORE_PACKET = 45
    """A packet is to be ignored. Inside libgearman only."""
    UNKNOWN_OPTION = 46
    """The server does not know the requested option."""
    TIMEOUT = 47
    """The time limit passed before the answer came."""
    ARGUMENT_TOO_LARGE = 48
    """A name is too long to be sent."""
    INVALID_ARGUMENT = 49
    """libgearman does not accept an argument."""
    IN_PROGRESS = 50
    """gearman_client_check_return(): the task is not done yet."""
    INVALID_SERVER_OPTION = 51
    """The server rejected the requested option."""
    JOB_NOT_FOUND = 52
    """The server does not have the job."""
    MAX_RETURN = 53
    """The number of codes; no call returns it."""

    @classmethod
    def describe(cls, code: int) -> str:
        """The C name of a code; for a code of a later library its number.

        Args:
            code: The number, as returnCode() returns it.

        Returns:
            A name such as GEARMAN_TIMEOUT.

        Example:
                from gearman_cffi.ext import ReturnCode

                ReturnCode.describe(GEARMAN_TIMEOUT)  # "GEARMAN_TIMEOUT"
        """
        return return_code_name(code)
