"""PHP's GearmanTask: one of the jobs that a client runs together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

from gearman_cffi._libgearman import NativeTask
from gearman_cffi.ext import arguments
from gearman_cffi.ext.constants import GEARMAN_NOT_FLUSHING
from gearman_cffi.ext.uncopyable import Uncopyable
from gearman_cffi.ext.warnings import warn, warn_deprecated

if TYPE_CHECKING:
    from gearman_cffi.ext.arguments import Data

_Task = TypeVar("_Task", bound="GearmanTask")


class GearmanTask(NativeTask, Uncopyable):
    """PHP's GearmanTask: GearmanClient.addTask() returns it, and callbacks are called with it.

    With the option GEARMAN_CLIENT_FREE_TASKS, which is on by default, a task is freed when it ends; otherwise with its
    client. Afterwards, and if a program creates one itself, every method that reads returns False.

    Example:
            def complete(task):
                print(task.functionName(), task.data())  # reverse b'olleh'

            client.setCompleteCallback(complete)
            client.addTask("reverse", "hello")
            client.runTasks()
    """

    _rc = 0

    def returnCode(self) -> int:
        """GEARMAN_SUCCESS, however the task ended, unless sendWorkload() has set another code.

        The client's callbacks report how a task ended.

        Returns:
            The code.

        Example:
                task.returnCode() == GEARMAN_SUCCESS  # True
                client.setFailCallback(lambda task: print(task.unique(), "has failed"))

        Equivalent to GearmanTask::returnCode().
        """
        return self._rc

    def functionName(self) -> str | Literal[False]:
        """The name of the function; for a status task the handle of the job.

        Returns:
            The name; False for an empty task.

        Example:
                print(task.functionName(), "has returned", task.data())

        Equivalent to gearman_task_function_name().
        """
        text = self._read_function_name()
        return False if text is None else text

    def unique(self) -> str | Literal[False]:
        """The unique key that was given or generated.

        Returns:
            The key; "" for a status task; False for an empty task.

        Example:
                results = {}
                results[task.unique()] = task.data()

        Equivalent to gearman_task_unique().
        """
        text = self._read_unique()
        return False if text is None else text

    def jobHandle(self) -> str | Literal[False]:
        """The handle of the job.

        Returns:
            The handle; "" before the server has sent it; False for an empty task.

        Example:
                print("queued as", task.jobHandle())

        Equivalent to gearman_task_job_handle().
        """
        text = self._read_job_handle()
        return False if text is None else text

    def isKnown(self) -> bool:
        """Whether the server knows the job: from its creation to its end.

        Returns:
            True or False.

        Example:
                if not task.isKnown():
                    print("the job has ended, or never was")

        Equivalent to gearman_task_is_known().
        """
        return self._read_is_known()

    def isRunning(self) -> bool:
        """Whether a worker is known to run the job, because data or a status has come from it.

        Returns:
            True or False.

        Example:
                if task.isKnown() and not task.isRunning():
                    print("the job waits for a worker")

        Equivalent to gearman_task_is_running().
        """
        return self._read_is_running()

    def taskNumerator(self) -> int | Literal[False]:
        """The numerator of the last status.

        Returns:
            The number, 0 before the first status; False for an empty task.

        Example:
                print(f"{task.taskNumerator()} of {task.taskDenominator()} done")

        Equivalent to gearman_task_numerator().
        """
        number = self._read_numerator()
        return False if number is None else number

    def taskDenominator(self) -> int | Literal[False]:
        """The denominator of the last status.

        Returns:
            The number, 0 before the first status; False for an empty task.

        Example:
                if task.taskDenominator():
                    print(f"{100 * task.taskNumerator() // task.taskDenominator()} %")

        Equivalent to gearman_task_denominator().
        """
        number = self._read_denominator()
        return False if number is None else number

    def data(self) -> bytes | Literal[False]:
        """In a callback, the data of its packet: a part or the end of a result, or the text of an exception.

        Returns:
            The data; b"" outside a callback; False with GEARMAN_CLIENT_UNBUFFERED_RESULT, with which recvData() reads
            it.

        Example:
                text = task.data().decode()

        Equivalent to gearman_task_data().
        """
        data = self._read_data()
        return False if data is None else data

    def dataSize(self) -> int | Literal[False]:
        """The size of data().

        Returns:
            The number of bytes; False where data() returns False.

        Example:
                print(f"{task.functionName()}: {task.dataSize()} bytes")

        Equivalent to gearman_task_data_size().
        """
        size = self._read_data_size()
        return False if size is None else size

    def sendWorkload(self, data: Data) -> int | Literal[False]:
        """Sends a part of the workload. There is never one left to send: addTask() takes the whole workload.

        Args:
            data: The part.

        Returns:
            False with a warning and GEARMAN_NOT_FLUSHING.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                client.addTask("resize", "the whole photo")  # sends all of it

        Equivalent to gearman_task_send_workload().
        """
        arguments.data(data, "data")
        if not self._is_live():
            return False
        self._rc = GEARMAN_NOT_FLUSHING
        warn("GearmanTask::sendWorkload()", "the workload was given to addTask() and goes out with the task")
        return False

    def recvData(self, data_len: int) -> list[int | bytes] | Literal[False]:
        """Reads data of the packet, with the option GEARMAN_CLIENT_UNBUFFERED_RESULT.

        Data that a callback leaves unread is skipped. All data has been received already, so this saves no memory.

        Args:
            data_len: The largest number of bytes to read.

        Returns:
            [number of bytes, bytes]; [0, b""] at the end and for data that is buffered; False for an empty task.

        Raises:
            ValueError: The length is negative.

        Example:
                def complete(task):
                    print(task.recvData(3), task.recvData(3))  # [3, b'oll'] [2, b'eh']

                client.addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT)
                client.setCompleteCallback(complete)
                client.addTask("reverse", "hello")
                client.runTasks()

        Equivalent to gearman_task_recv_data().
        """
        size = arguments.integer(data_len, "data_len", 0)
        data = self._fetch(size)
        return False if data is None else [len(data), data]

    # -------------------------------------------------------------- names that PHP has dropped

    @classmethod
    def create(cls: type[_Task]) -> _Task:
        """Deprecated: an empty GearmanTask.

        Example:
                task = GearmanTask()  # instead of GearmanTask.create()
        """
        warn_deprecated("GearmanTask.create()", "GearmanTask()")
        return cls()

    def function(self) -> str | Literal[False]:
        """Deprecated: functionName() under its old name.

        Example:
                task.functionName()  # instead of task.function()
        """
        warn_deprecated("GearmanTask.function()", "GearmanTask.functionName()")
        return self.functionName()

    def sendData(self, data: Data) -> int | Literal[False]:
        """Deprecated: sendWorkload() under its old name.

        Example:
                client.addTask("resize", "the whole photo")  # sends all of it
        """
        warn_deprecated("GearmanTask.sendData()", "GearmanTask.sendWorkload()")
        return self.sendWorkload(data)

    def uuid(self) -> str | Literal[False]:
        """Deprecated: unique() under its old name.

        Example:
                task.unique()  # instead of task.uuid()
        """
        warn_deprecated("GearmanTask.uuid()", "GearmanTask.unique()")
        return self.unique()
