"""PHP's GearmanJob: the job that a worker's function runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gearman_cffi._libgearman import JobPacket, NativeJob, return_code_name
from gearman_cffi.ext import arguments
from gearman_cffi.ext.constants import GEARMAN_IO_WAIT, GEARMAN_MAX_RETURN, GEARMAN_SUCCESS
from gearman_cffi.ext.uncopyable import Uncopyable
from gearman_cffi.ext.warnings import warn, warn_deprecated

if TYPE_CHECKING:
    from gearman_cffi.ext.arguments import Data

_STATUS_MIN, _STATUS_MAX = -0x80000000, 0xFFFFFFFF


class GearmanJob(NativeJob, Uncopyable):
    """PHP's GearmanJob: a worker's function is called with it.

    It can be used until the function returns. Afterwards, and if a program creates one itself, it is empty as in PHP:
    reading returns False, b"" and 0, sending returns False with a warning.

    Example:
            def resize(job, context):
                job.sendStatus(1, 2)
                return f"resized {job.workload().decode()}"

            worker.addFunction("resize", resize)
            worker.work()
    """

    # ---------------------------------------------------------------------------- reading

    def handle(self) -> str | Literal[False]:
        """The handle of the job, with which a client can ask for its status.

        Returns:
            The handle; False if the job is empty.

        Example:
                print("job", job.handle(), "begins")

        Equivalent to gearman_job_handle().
        """
        return _false_for_none(self._read_handle())

    def functionName(self) -> str | Literal[False]:
        """The name of the function that the client asked for.

        Returns:
            The name; False if the job is empty.

        Example:
                print("a worker runs", job.functionName())

        Equivalent to gearman_job_function_name().
        """
        return _false_for_none(self._read_function_name())

    def unique(self) -> str | Literal[False]:
        """The unique key of the job.

        Returns:
            The key, or a UUID if the client gave none; "" if the worker does not ask for it; False if the job is empty.

        Example:
                order = job.unique()  # "order-7"

        Equivalent to gearman_job_unique().
        """
        return _false_for_none(self._read_unique())

    def workload(self) -> bytes:
        """The data that the client sent.

        Returns:
            The data, as bytes: compare it with b"text", not with "text".

        Example:
                text = job.workload().decode()
                if job.workload() == b"stop":  # bytes, so never equal to "stop"
                    job.sendFail()

        Equivalent to gearman_job_workload().
        """
        data = self._workload
        return data if data is not None else self._read_workload() or b""

    def workloadSize(self) -> int:
        """The size of the workload.

        Returns:
            The number of bytes.

        Example:
                if job.workloadSize() > 10_000_000:
                    job.sendException("the photo is larger than 10 MB")

        Equivalent to gearman_job_workload_size().
        """
        return self._read_workload_size()

    # ---------------------------------------------------------------------------- sending

    def sendData(self, data: Data) -> bool:
        """Sends a part of the result.

        Args:
            data: The part, as str, bytes, any bytes-like object or a number.

        Returns:
            True; False with a warning if it failed.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                for line in job.workload().splitlines():
                    job.sendData(line.upper())

        Equivalent to gearman_job_send_data().
        """
        if self._owner is None:  # created by the program
            return False
        return self._report("sendData", self._send(JobPacket.DATA, arguments.data(data, "data")))

    def sendWarning(self, warning: Data) -> bool:
        """Sends a warning to the client.

        Args:
            warning: Its text.

        Returns:
            True; False with a warning if it failed.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                job.sendWarning("the photo has no colour profile")

        Equivalent to gearman_job_send_warning().
        """
        if self._owner is None:  # created by the program
            return False
        return self._report("sendWarning", self._send(JobPacket.WARNING, arguments.data(warning, "warning")))

    def sendStatus(self, numerator: int, denominator: int) -> bool:
        """Sends the progress of the job: numerator of denominator.

        Both are sent as unsigned 32-bit numbers: -1 becomes 4294967295.

        Args:
            numerator: How much of it is done.
            denominator: How much there is to do in all.

        Returns:
            True; False with a warning if it failed.

        Raises:
            TypeError: A number is not integral.
            ValueError: A number has more than 32 bits.

        Example:
                lines = job.workload().splitlines()
                for number, line in enumerate(lines, 1):
                    job.sendStatus(number, len(lines))

        Equivalent to gearman_job_send_status().
        """
        done = arguments.integer(numerator, "numerator", _STATUS_MIN, _STATUS_MAX)
        total = arguments.integer(denominator, "denominator", _STATUS_MIN, _STATUS_MAX)
        return self._report("sendStatus", self._send_status(done, total))

    def sendComplete(self, result: Data) -> bool:
        """Ends the job with its result. What is sent or returned afterwards is dropped without an error.

        Args:
            result: The result, as str, bytes, any bytes-like object or a number.

        Returns:
            True; False with a warning if it failed.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                job.sendComplete("resized " + job.workload().decode())
                print("the client has its result")

        Equivalent to gearman_job_send_complete().
        """
        return self._report("sendComplete", self._send(JobPacket.COMPLETE, arguments.data(result, "result")))

    def sendException(self, exception: Data) -> bool:
        """Ends the job with an exception.

        Args:
            exception: Its text, which must not be empty.

        Returns:
            True; False with a warning if it failed.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                try:
                    number = int(job.workload())
                except ValueError as error:
                    job.sendException(str(error))

        Equivalent to gearman_job_send_exception().
        """
        return self._report("sendException", self._send(JobPacket.EXCEPTION, arguments.data(exception, "exception")))

    def sendFail(self) -> bool:
        """Ends the job as failed.

        Returns:
            True; False with a warning if it failed.

        Example:
                if not job.workload().endswith(b".jpg"):
                    job.sendFail()

        Equivalent to gearman_job_send_fail().
        """
        return self._report("sendFail", self._send(JobPacket.FAIL))

    # ------------------------------------------------------------------------- return code

    def returnCode(self) -> int:
        """The return code of the last send*(), or the code that was given to setReturn().

        Returns:
            The code.

        Example:
                job.sendStatus(1, 2)
                if job.returnCode() != GEARMAN_SUCCESS:
                    print("the connection is lost")

        Equivalent to GearmanJob::returnCode().
        """
        return int(self._rc)

    def setReturn(self, gearman_return_t: int) -> bool:
        """Sets how the job ends when the function returns: any code other than GEARMAN_SUCCESS fails it.

        A later send*() overwrites the code.

        Args:
            gearman_return_t: A return code.

        Returns:
            True; False with a warning for a number that is not a return code.

        Raises:
            TypeError: It is not a number.

        Example:
                if not job.workload().endswith(b".jpg"):
                    job.setReturn(GEARMAN_WORK_FAIL)

        Equivalent to GearmanJob::setReturn().
        """
        code = arguments.integer(gearman_return_t, "gearman_return_t")
        if not 0 <= code <= GEARMAN_MAX_RETURN:
            warn("GearmanJob::setReturn()", f"Invalid gearman_return_t: {code}")
            return False
        self._rc = code
        return True

    # -------------------------------------------------------------- names that PHP has dropped

    def complete(self, result: Data) -> bool:
        """Deprecated: sendComplete() under its old name.

        Example:
                job.sendComplete("resized")  # instead of job.complete("resized")
        """
        warn_deprecated("GearmanJob.complete()", "GearmanJob.sendComplete()")
        return self.sendComplete(result)

    def data(self, data: Data) -> bool:
        """Deprecated: sendData() under its old name.

        Example:
                job.sendData("half of it")  # instead of job.data("half of it")
        """
        warn_deprecated("GearmanJob.data()", "GearmanJob.sendData()")
        return self.sendData(data)

    def exception(self, exception: Data) -> bool:
        """Deprecated: sendException() under its old name.

        Example:
                job.sendException("no such photo")  # instead of job.exception("no such photo")
        """
        warn_deprecated("GearmanJob.exception()", "GearmanJob.sendException()")
        return self.sendException(exception)

    def fail(self) -> bool:
        """Deprecated: sendFail() under its old name.

        Example:
                job.sendFail()  # instead of job.fail()
        """
        warn_deprecated("GearmanJob.fail()", "GearmanJob.sendFail()")
        return self.sendFail()

    def status(self, numerator: int, denominator: int) -> bool:
        """Deprecated: sendStatus() under its old name.

        Example:
                job.sendStatus(1, 2)  # instead of job.status(1, 2)
        """
        warn_deprecated("GearmanJob.status()", "GearmanJob.sendStatus()")
        return self.sendStatus(numerator, denominator)

    def warning(self, warning: Data) -> bool:
        """Deprecated: sendWarning() under its old name.

        Example:
                job.sendWarning("no colour profile")  # instead of job.warning("no colour profile")
        """
        warn_deprecated("GearmanJob.warning()", "GearmanJob.sendWarning()")
        return self.sendWarning(warning)

    # ---------------------------------------------------------------------------- private

    def _report(self, call: str, rc: int) -> bool:
        self._rc = rc
        if rc in (GEARMAN_SUCCESS, GEARMAN_IO_WAIT):
            return True
        self._warn(call, self._read_error() or return_code_name(rc))
        return False

    def _warn(self, call: str, reason: str) -> None:
        """Reports a failure as PHP does. The Python layer overrides it, because it raises."""
        warn(f"GearmanJob::{call}()", reason)


def _false_for_none(value: str | None) -> str | Literal[False]:
    return False if value is None else value
