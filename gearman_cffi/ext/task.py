"""PHP's GearmanTask: a job that a client submits among others."""

from __future__ import annotations

from gearman_cffi._libgearman import NativeTask
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import Data
from gearman_cffi.ext.constants import GEARMAN_NOT_FLUSHING
from gearman_cffi.ext.deprecated import DeprecatedTask
from gearman_cffi.ext.uncopyable import Uncopyable
from gearman_cffi.ext.warnings import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


class GearmanTask(NativeTask, Uncopyable, DeprecatedTask):
    """PHP's GearmanTask: what GearmanClient.addTask() returns and the client's callbacks are given.

    With the option GEARMAN_CLIENT_FREE_TASKS, which is on by default, a task is freed when it ends, and with its
    client in any case. From then on, and for one made by hand, every accessor gives False.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rc: int = 0

    def returnCode(self) -> int:
        """GEARMAN_SUCCESS, whatever became of the task; only recvData() and sendWorkload() change it.

        How a task ended, the client's callbacks tell.
        """
        return int(self._rc)

    def functionName(self) -> str | Literal[False]:
        """The function's name; for a status task the job's handle. Stands for gearman_task_function_name()."""
        text = self._read_function_name()
        return False if text is None else text

    def unique(self) -> str | Literal[False]:
        """The unique key that was given or made; "" for a status task. Stands for gearman_task_unique()."""
        text = self._read_unique()
        return False if text is None else text

    def jobHandle(self) -> str | Literal[False]:
        """The job's handle; "" before the server has named it. Stands for gearman_task_job_handle()."""
        text = self._read_job_handle()
        return False if text is None else text

    def isKnown(self) -> bool:
        """Whether the server knows the job: from its creation to its end. Stands for gearman_task_is_known()."""
        return self._read_is_known()

    def isRunning(self) -> bool:
        """Whether a worker has the job, as far as data or a status told. Stands for gearman_task_is_running()."""
        return self._read_is_running()

    def taskNumerator(self) -> int | Literal[False]:
        """The first number of the last status, 0 before one came. Stands for gearman_task_numerator()."""
        number = self._read_numerator()
        return False if number is None else number

    def taskDenominator(self) -> int | Literal[False]:
        """The second number of the last status, 0 before one came. Stands for gearman_task_denominator()."""
        number = self._read_denominator()
        return False if number is None else number

    def data(self) -> bytes | Literal[False]:
        """The data of the packet that a callback is called for: a part, the end of a result, an exception's text.

        b"" outside a callback; False with GEARMAN_CLIENT_UNBUFFERED_RESULT, where recvData() reads it.
        Stands for gearman_task_data().
        """
        data = self._read_data()
        return False if data is None else data

    def dataSize(self) -> int | Literal[False]:
        """The size in bytes of data(). Stands for gearman_task_data_size()."""
        size = self._read_data_size()
        return False if size is None else size

    def sendWorkload(self, data: Data) -> int | Literal[False]:
        """Sends the workload in parts. There is never one to send: addTask() has taken it whole.

        False with a warning and GEARMAN_NOT_FLUSHING. Stands for gearman_task_send_workload().
        """
        arguments.data(data, "data")
        if not self._is_live():
            return False
        self._rc = GEARMAN_NOT_FLUSHING
        warn("GearmanTask::sendWorkload()", "the workload was given to addTask() and goes out with the task")
        return False

    def recvData(self, data_len: int) -> list[int | bytes] | Literal[False]:
        """Reads up to data_len bytes of the packet's data, with the option GEARMAN_CLIENT_UNBUFFERED_RESULT.

        Returns [number of bytes, bytes], [0, b""] at the end and for data that is buffered. What a callback
        leaves unread is skipped. The data has been received whole: this saves no memory. Raises ValueError for a
        negative length. Stands for gearman_task_recv_data().
        """
        size = arguments.integer(data_len, "data_len", 0)
        data = self._fetch(size)
        return False if data is None else [len(data), data]
