"""PHP's GearmanJob: a job in the hands of a worker's function."""

from __future__ import annotations

from gearman_cffi._libgearman import JobPacket, NativeJob, return_code_name
from gearman_cffi.ext import arguments
from gearman_cffi.ext.arguments import Data
from gearman_cffi.ext.constants import GEARMAN_IO_WAIT, GEARMAN_MAX_RETURN, GEARMAN_SUCCESS
from gearman_cffi.ext.deprecated import DeprecatedJob
from gearman_cffi.ext.uncopyable import Uncopyable
from gearman_cffi.ext.warnings import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


class GearmanJob(NativeJob, Uncopyable, DeprecatedJob):
    """PHP's GearmanJob: what a worker's function is given.

    Usable until the function returns. After that, and for one made by hand, it is an empty shell as in PHP:
    accessors give False, b"" and 0, and what would be sent gives False with a warning.
    """

    # ---------------------------------------------------------------------------- reading

    def handle(self) -> str | Literal[False]:
        """The job's handle, by which a client can ask for its status. Stands for gearman_job_handle()."""
        return _name(self._read_handle())

    def functionName(self) -> str | Literal[False]:
        """The function that the client asked for. Stands for gearman_job_function_name()."""
        return _name(self._read_function_name())

    def unique(self) -> str | Literal[False]:
        """The client's unique key, or the UUID made in its place; "" where the worker does not ask for it.

        Stands for gearman_job_unique().
        """
        return _name(self._read_unique())

    def workload(self) -> bytes:
        """What the client sent. Stands for gearman_job_workload()."""
        data = self._workload
        return data if data is not None else self._read_workload() or b""

    def workloadSize(self) -> int:
        """The size of the workload in bytes. Stands for gearman_job_workload_size()."""
        return self._read_workload_size()

    # ---------------------------------------------------------------------------- sending

    def sendData(self, data: Data) -> bool:
        """Sends a part of the result, before its end. True, or False with a warning.

        Stands for gearman_job_send_data().
        """
        if self._keeps is None:  # made by hand
            return False
        return self._sent("sendData", self._send(JobPacket.DATA, arguments.data(data, "data")))

    def sendWarning(self, warning: Data) -> bool:
        """Sends a warning. True, or False with a warning of our own. Stands for gearman_job_send_warning()."""
        if self._keeps is None:  # made by hand
            return False
        return self._sent("sendWarning", self._send(JobPacket.WARNING, arguments.data(warning, "warning")))

    def sendStatus(self, numerator: int, denominator: int) -> bool:
        """Sends how far the job is. Both numbers go out as 32 bits without a sign: -1 as 4294967295.

        True, or False with a warning. Stands for gearman_job_send_status().
        """
        low, high = -0x80000000, 0xFFFFFFFF
        numbers = (
            arguments.integer(numerator, "numerator", low, high),
            arguments.integer(denominator, "denominator", low, high),
        )
        return self._sent("sendStatus", self._send_status(*numbers))

    def sendComplete(self, result: Data) -> bool:
        """Ends the job with its result. What is sent or returned after it is dropped, without an error.

        True, or False with a warning. Stands for gearman_job_send_complete().
        """
        return self._sent("sendComplete", self._send(JobPacket.COMPLETE, arguments.data(result, "result")))

    def sendException(self, exception: Data) -> bool:
        """Ends the job with an exception, whose text must not be empty.

        True, or False with a warning. Stands for gearman_job_send_exception().
        """
        return self._sent("sendException", self._send(JobPacket.EXCEPTION, arguments.data(exception, "exception")))

    def sendFail(self) -> bool:
        """Ends the job as failed. True, or False with a warning. Stands for gearman_job_send_fail()."""
        return self._sent("sendFail", self._send(JobPacket.FAIL))

    # ------------------------------------------------------------------------- return code

    def returnCode(self) -> int:
        """The return code of the last send*, or what setReturn() was given."""
        return int(self._rc)

    def setReturn(self, gearman_return_t: int) -> bool:
        """Sets how the job ends when the function returns: anything but GEARMAN_SUCCESS fails it.

        A send* after it overwrites it. True; False with a warning for a number that is no return code.
        """
        code = arguments.integer(gearman_return_t, "gearman_return_t")
        if not 0 <= code <= GEARMAN_MAX_RETURN:
            warn("GearmanJob::setReturn()", f"Invalid gearman_return_t: {code}")
            return False
        self._rc = code
        return True

    # ---------------------------------------------------------------------------- private

    def _sent(self, call: str, rc: int) -> bool:
        self._rc = rc
        if rc in (GEARMAN_SUCCESS, GEARMAN_IO_WAIT):
            return True
        self._warn(call, self._read_error() or return_code_name(rc))
        return False

    def _warn(self, call: str, reason: str) -> None:
        """Reports a failure as PHP does. The Python layer, which raises, overrides it."""
        warn(f"GearmanJob::{call}()", reason)


def _name(value: str | None) -> str | Literal[False]:
    return False if value is None else value
