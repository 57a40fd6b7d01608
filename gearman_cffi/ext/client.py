"""PHP's GearmanClient: submits jobs, runs tasks and asks for the status of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeVar

from gearman_cffi._libgearman import (
    INVALID_ARGUMENT,
    JobKind,
    NativeClient,
    Reply,
    TaskEvent,
    return_code_name,
)
from gearman_cffi.ext import arguments
from gearman_cffi.ext.base import NO_WARNING, SET_BY_CONSTRUCTOR, GearmanBase
from gearman_cffi.ext.constants import (
    GEARMAN_IO_WAIT,
    GEARMAN_JOB_HANDLE_SIZE,
    GEARMAN_SUCCESS,
    GEARMAN_UNIQUE_SIZE,
    GEARMAN_UNKNOWN_STATE,
    GEARMAN_WORK_EXCEPTION,
    GEARMAN_WORK_FAIL,
)
from gearman_cffi.ext.exception import GearmanException
from gearman_cffi.ext.task import GearmanTask
from gearman_cffi.ext.task_registry import NO_CONTEXT, TaskRegistry
from gearman_cffi.ext.warnings import warn, warn_deprecated

if TYPE_CHECKING:
    from gearman_cffi._libgearman import StatusReply
    from gearman_cffi.ext.arguments import Data, Name
    from gearman_cffi.ext.task_registry import TaskCallback

_Client = TypeVar("_Client", bound="GearmanClient")

_BACKGROUND: Final = frozenset({JobKind.LOW_BACKGROUND, JobKind.BACKGROUND, JobKind.HIGH_BACKGROUND})
_JOB_FAILED: Final = frozenset({GEARMAN_WORK_EXCEPTION, GEARMAN_WORK_FAIL})
_STATUS_NO_WARNING: Final = frozenset({GEARMAN_SUCCESS, GEARMAN_IO_WAIT})  # of jobStatus()
_MAX_HANDLE: Final = GEARMAN_JOB_HANDLE_SIZE - 1  # bytes; Q24
_MAX_UNIQUE: Final = GEARMAN_UNIQUE_SIZE - 1  # bytes; Q25


class GearmanClient(GearmanBase):
    """PHP's GearmanClient: submits jobs, waits for their results, asks for their status.

    Failures are reported as PHP does: by a neutral return value, a GearmanWarning and returnCode(). One thread at a
    time may use a client, and only the process that created it.

    Example:
            client = GearmanClient()
            client.addServer("127.0.0.1", 4730)
            print(client.doNormal("reverse", "hello"))  # b'olleh'
            if client.returnCode() != GEARMAN_SUCCESS:
                print(client.error())
    """

    _php_class: ClassVar[str] = "GearmanClient"
    _tls_option: ClassVar[int] = 256  # GEARMAN_CLIENT_SSL
    _hidden_options: ClassVar[int] = 128  # GEARMAN_CLIENT_EXCEPTION
    # The Python layer, which adds the servers that it is given and no others, overrides it.
    _from_environment: ClassVar[bool] = True
    _native: NativeClient
    _tasks: TaskRegistry = SET_BY_CONSTRUCTOR
    _context: str = SET_BY_CONSTRUCTOR
    _background_handle: str = SET_BY_CONSTRUCTOR

    def __init__(self) -> None:
        """Creates a client with the servers in the environment variable GEARMAN_SERVERS, if it is set.

        Raises:
            GearmanException: The host of one of them is unknown.

        Equivalent to gearman_client_create().
        """
        self._tasks = TaskRegistry()
        try:
            native = self._new_native()
        except MemoryError as error:
            raise GearmanException("Memory allocation failure", 0, error) from error
        self._set_up(native)

    # --------------------------------------------------------------------- submitting one job

    def doNormal(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Runs a job and waits for its result.

        Args:
            function: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str (sent as UTF-8), bytes, any bytes-like object or a number; not empty.
            unique: A key of at most 63 bytes, or None. While a job of the same function with the same key is waiting
                or running, this submission joins it: there is one job, with the workload and the priority of the first
                submission, and all waiting clients get its result.

        Returns:
            The result, preceded by what the worker has sent with sendData(). b"" with a warning if the call failed;
            b"" without a warning if the job failed: returnCode() is then GEARMAN_WORK_FAIL or GEARMAN_WORK_EXCEPTION.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                result = client.doNormal("reverse", "hello")  # b"olleh"
                if client.returnCode() != GEARMAN_SUCCESS:
                    print("no result:", client.error())

        Equivalent to gearman_client_do().
        """
        return self._do("doNormal", JobKind.NORMAL, function, workload, unique).data or b""

    def doHigh(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Runs a job of high priority and waits for its result.

        Args:
            function: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str (sent as UTF-8), bytes, any bytes-like object or a number; not empty.
            unique: A key of at most 63 bytes, or None. While a job of the same function with the same key is waiting
                or running, this submission joins it: there is one job, with the workload and the priority of the first
                submission, and all waiting clients get its result.

        Returns:
            The result, preceded by what the worker has sent with sendData(). b"" with a warning if the call failed;
            b"" without a warning if the job failed: returnCode() is then GEARMAN_WORK_FAIL or GEARMAN_WORK_EXCEPTION.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                page = client.doHigh("render", "/checkout")  # before jobs of normal and low priority

        Equivalent to gearman_client_do_high().
        """
        return self._do("doHigh", JobKind.HIGH, function, workload, unique).data or b""

    def doLow(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Runs a job of low priority and waits for its result.

        Args:
            function: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str (sent as UTF-8), bytes, any bytes-like object or a number; not empty.
            unique: A key of at most 63 bytes, or None. While a job of the same function with the same key is waiting
                or running, this submission joins it: there is one job, with the workload and the priority of the first
                submission, and all waiting clients get its result.

        Returns:
            The result, preceded by what the worker has sent with sendData(). b"" with a warning if the call failed;
            b"" without a warning if the job failed: returnCode() is then GEARMAN_WORK_FAIL or GEARMAN_WORK_EXCEPTION.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                report = client.doLow("render", "/reports/2026")  # after jobs of high and normal priority

        Equivalent to gearman_client_do_low().
        """
        return self._do("doLow", JobKind.LOW, function, workload, unique).data or b""

    def doBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:
        """Submits a job in the background and does not wait for its result.

        Args:
            function: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str (sent as UTF-8), bytes, any bytes-like object or a number; not empty.
            unique: A key of at most 63 bytes, or None. While a job of the same function with the same key is waiting
                or running, this submission joins it: there is one job, with the workload and the priority of the first
                submission, and all waiting clients get its result.

        Returns:
            The handle of the job, for jobStatus(); "" with a warning if the call failed.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                handle = client.doBackground("mail", "anna@example.org", "order-7")
                if client.returnCode() != GEARMAN_SUCCESS:
                    print("the mail is not queued:", client.error())

                known, running, numerator, denominator = client.jobStatus(handle)

        Equivalent to gearman_client_do_background().
        """
        return self._do_in_background("doBackground", JobKind.BACKGROUND, function, workload, unique)

    def doHighBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:
        """Submits a job of high priority in the background.

        Args:
            function: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str (sent as UTF-8), bytes, any bytes-like object or a number; not empty.
            unique: A key of at most 63 bytes, or None. While a job of the same function with the same key is waiting
                or running, this submission joins it: there is one job, with the workload and the priority of the first
                submission, and all waiting clients get its result.

        Returns:
            The handle of the job, for jobStatus(); "" with a warning if the call failed.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                client.doHighBackground("mail", "new password for anna@example.org")  # before other mail

        Equivalent to gearman_client_do_high_background().
        """
        return self._do_in_background("doHighBackground", JobKind.HIGH_BACKGROUND, function, workload, unique)

    def doLowBackground(self, function: Name, workload: Data, unique: Name | None = None) -> str:
        """Submits a job of low priority in the background.

        Args:
            function: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str (sent as UTF-8), bytes, any bytes-like object or a number; not empty.
            unique: A key of at most 63 bytes, or None. While a job of the same function with the same key is waiting
                or running, this submission joins it: there is one job, with the workload and the priority of the first
                submission, and all waiting clients get its result.

        Returns:
            The handle of the job, for jobStatus(); "" with a warning if the call failed.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                for address in ("anna@example.org", "ben@example.org"):
                    client.doLowBackground("mail", f"newsletter for {address}")  # after other mail

        Equivalent to gearman_client_do_low_background().
        """
        return self._do_in_background("doLowBackground", JobKind.LOW_BACKGROUND, function, workload, unique)

    def doJobHandle(self) -> str:
        """The handle of the last job that was submitted in the background.

        Returns:
            The handle; "" before a job was submitted.

        Example:
                client.doBackground("resize", "photo.jpg")
                known, running, done, total = client.jobStatus(client.doJobHandle())

        Equivalent to gearman_client_do_job_handle().
        """
        return self._background_handle

    def doStatus(self) -> list[int]:
        """Always [0, 0], because do*() returns when the job has ended. For progress see setStatusCallback().

        Returns:
            [0, 0].

        Example:
                client.setStatusCallback(lambda task: print(task.taskNumerator(), "of", task.taskDenominator()))
                client.addTask("resize", "photo.jpg")
                client.runTasks()  # prints the progress
                client.doStatus()  # [0, 0]

        Equivalent to gearman_client_do_status().
        """
        return [0, 0]

    # ----------------------------------------------------------------------------- status

    def jobStatus(self, job_handle: Name) -> list[bool | int]:
        """Asks for the progress of a job.

        Args:
            job_handle: What doBackground() returned.

        Returns:
            [known, running, numerator, denominator]: False and 0 if the server does not know the job, because it has
            ended or never existed. The same with a warning if the call failed.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                handle = client.doBackground("resize", "photo.jpg")
                known, running, numerator, denominator = client.jobStatus(handle)
                if running:
                    print(f"{numerator} of {denominator} done")
                elif known:
                    print("waiting for a worker")

        Equivalent to gearman_client_job_status().
        """
        handle = arguments.name(job_handle, "job_handle")
        self._text = None
        if not self._is_handle("jobStatus", handle):
            return [False, False, 0, 0]
        reply = self._ask_status(handle)
        if reply.rc not in _STATUS_NO_WARNING:
            self._warn("jobStatus", reply.error)
            return [False, False, 0, 0]
        return list(reply.status)

    def jobStatusByUniqueKey(self, unique_key: Name) -> list[bool | int]:
        """Asks for the progress of the job with this unique key. Does not change returnCode().

        Args:
            unique_key: The key that the job was submitted with.

        Returns:
            What jobStatus() returns.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                client.doBackground("mail", "anna@example.org", "order-7")
                known, running, numerator, denominator = client.jobStatusByUniqueKey("order-7")

        Equivalent to gearman_client_unique_status().
        """
        key = arguments.name(unique_key, "unique_key")
        if len(key) > _MAX_UNIQUE + 1:
            self._text = return_code_name(GEARMAN_UNKNOWN_STATE)
            self._warn("jobStatusByUniqueKey")
            return [False, False, 0, 0]
        reply = self._ask_status_by_unique_key(key)
        if reply.rc not in _STATUS_NO_WARNING:
            self._warn("jobStatusByUniqueKey", reply.error)
        return list(reply.status)

    def ping(self, workload: Data) -> bool:
        """Sends data to every server and checks that the same data comes back.

        Args:
            workload: The data, not empty.

        Returns:
            True; False with a warning if a server failed or the data is empty.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                if not client.ping("are you there?"):
                    print("a server does not answer:", client.error())

        Equivalent to gearman_client_echo().
        """
        return self._ping(workload, "workload")

    # -------------------------------------------------------------------------- callbacks

    def setWorkloadCallback(self, function: TaskCallback) -> bool:
        """Sets the callback that sends a workload in parts. It is never called: addTask() takes the whole workload.

        Args:
            function: A callable.

        Returns:
            True; False with a warning if function is not callable.

        Example:
                client.setWorkloadCallback(lambda task: None)  # True
                client.addTask("resize", "the whole photo")

        Equivalent to gearman_client_set_workload_fn().
        """
        return self._check_callback("setWorkloadCallback", function)

    def setCreatedCallback(self, function: TaskCallback) -> bool:
        """Sets the callback for jobs that the server has queued.

        Args:
            function: Called with the GearmanTask, and with its context if addTask() was given one. It applies to
                tasks that are added afterwards. It may return a return code: GEARMAN_PAUSE and other codes stop
                runTasks(), GEARMAN_SUCCESS and None do not.

        Returns:
            True; False with a warning if function is not callable.

        Example:
                client.setCreatedCallback(lambda task: print("queued as", task.jobHandle()))
                client.addTaskBackground("resize", "photo.jpg")
                client.runTasks()

        Equivalent to gearman_client_set_created_fn().
        """
        return self._set_callback("setCreatedCallback", TaskEvent.CREATED, function)

    def setDataCallback(self, function: TaskCallback) -> bool:
        """Sets the callback for parts of a result.

        Args:
            function: Called with the GearmanTask, and with its context if addTask() was given one. It applies to
                tasks that are added afterwards. It may return a return code: GEARMAN_PAUSE and other codes stop
                runTasks(), GEARMAN_SUCCESS and None do not.

        Returns:
            True; False with a warning if function is not callable.

        Example:
                parts = []
                client.setDataCallback(lambda task: parts.append(task.data()))
                client.addTask("resize", "photo.jpg")
                client.runTasks()

        Equivalent to gearman_client_set_data_fn().
        """
        return self._set_callback("setDataCallback", TaskEvent.DATA, function)

    def setWarningCallback(self, function: TaskCallback) -> bool:
        """Sets the callback for warnings of a job.

        Args:
            function: Called with the GearmanTask, and with its context if addTask() was given one. It applies to
                tasks that are added afterwards. It may return a return code: GEARMAN_PAUSE and other codes stop
                runTasks(), GEARMAN_SUCCESS and None do not.

        Returns:
            True; False with a warning if function is not callable.

        Example:
                client.setWarningCallback(lambda task: print(task.functionName(), "warns:", task.data().decode()))

        Equivalent to gearman_client_set_warning_fn().
        """
        return self._set_callback("setWarningCallback", TaskEvent.WARNING, function)

    def setStatusCallback(self, function: TaskCallback) -> bool:
        """Sets the callback for the progress of a job.

        Args:
            function: Called with the GearmanTask, and with its context if addTask() was given one. It applies to
                tasks that are added afterwards. It may return a return code: GEARMAN_PAUSE and other codes stop
                runTasks(), GEARMAN_SUCCESS and None do not.

        Returns:
            True; False with a warning if function is not callable.

        Example:
                client.setStatusCallback(lambda task: print(task.taskNumerator(), "of", task.taskDenominator()))

        Equivalent to gearman_client_set_status_fn().
        """
        return self._set_callback("setStatusCallback", TaskEvent.STATUS, function)

    def setCompleteCallback(self, function: TaskCallback) -> bool:
        """Sets the callback for jobs that are complete.

        Args:
            function: Called with the GearmanTask, and with its context if addTask() was given one. It applies to
                tasks that are added afterwards. It may return a return code: GEARMAN_PAUSE and other codes stop
                runTasks(), GEARMAN_SUCCESS and None do not.

        Returns:
            True; False with a warning if function is not callable.

        Example:
                results = {}

                def complete(task, context):
                    results[context] = task.data()

                client.setCompleteCallback(complete)
                client.addTask("reverse", "hello", "greeting")
                client.runTasks()
                results  # {"greeting": b"olleh"}

        Equivalent to gearman_client_set_complete_fn().
        """
        return self._set_callback("setCompleteCallback", TaskEvent.COMPLETE, function)

    def setExceptionCallback(self, function: TaskCallback) -> bool:
        """Sets the callback for exceptions of workers, and requests these from every server.

        Args:
            function: Called with the GearmanTask, and with its context if addTask() was given one. It applies to
                tasks that are added afterwards. It may return a return code: GEARMAN_PAUSE and other codes stop
                runTasks(), GEARMAN_SUCCESS and None do not.

        Returns:
            True; False with a warning if function is not callable.

        Raises:
            GearmanException: A server does not answer or does not know the option.

        Example:
                errors = []
                client.setExceptionCallback(lambda task: errors.append(task.data().decode()))
                client.addTask("load", "photo.jpg")
                client.runTasks()
                errors  # ["no such file: photo.jpg"]

        Equivalent to gearman_client_set_exception_fn().
        """
        self.enableExceptionHandler()
        return self._set_callback("setExceptionCallback", TaskEvent.EXCEPTION, function)

    def setFailCallback(self, function: TaskCallback) -> bool:
        """Sets the callback for jobs that have failed.

        Args:
            function: Called with the GearmanTask, and with its context if addTask() was given one. It applies to
                tasks that are added afterwards. It may return a return code: GEARMAN_PAUSE and other codes stop
                runTasks(), GEARMAN_SUCCESS and None do not.

        Returns:
            True; False with a warning if function is not callable.

        Example:
                failed = []
                client.setFailCallback(lambda task: failed.append(task.unique()))
                client.addTask("charge", "order-7", unique_key="order-7")
                client.runTasks()
                failed  # ["order-7"]

        Equivalent to gearman_client_set_fail_fn().
        """
        return self._set_callback("setFailCallback", TaskEvent.FAIL, function)

    def clearCallbacks(self) -> bool:
        """Removes all callbacks, including those of tasks that were added before.

        Returns:
            True.

        Example:
                client.setCompleteCallback(lambda task: print("done:", task.functionName()))
                client.clearCallbacks()
                client.addTask("reverse", "hello")
                client.runTasks()  # prints nothing

        Equivalent to gearman_client_clear_fn().
        """
        self._tasks.clear()
        return True

    # ------------------------------------------------------------------------------ tasks

    def addTask(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a job to those that runTasks() submits and waits for. Nothing is sent yet.

        A callback may add tasks; the same runTasks() then runs them.

        Args:
            function_name: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str, bytes, any bytes-like object or a number; not empty.
            context: The second argument of the task's callbacks. Without one, callbacks get the task only.
            unique_key: A key of at most 63 bytes, or None. While a job of the same function with the same key is
                waiting or running, this submission joins it: there is one job, with the workload and the priority of
                the first submission, and all waiting clients get its result.

        Returns:
            The task; False with a warning if libgearman refuses an argument.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                client.setCompleteCallback(lambda task, name: print(name, task.data()))
                client.addTask("reverse", "one", "first")
                client.addTask("reverse", "two", "second")
                client.runTasks()  # two workers run both at the same time

        Equivalent to gearman_client_add_task().
        """
        return self._add_job("addTask", JobKind.NORMAL, function_name, workload, context, unique_key)

    def addTaskHigh(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a job of high priority. Otherwise like addTask().

        Args:
            function_name: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str, bytes, any bytes-like object or a number; not empty.
            context: The second argument of the task's callbacks. Without one, callbacks get the task only.
            unique_key: A key of at most 63 bytes, or None. While a job of the same function with the same key is
                waiting or running, this submission joins it: there is one job, with the workload and the priority of
                the first submission, and all waiting clients get its result.

        Returns:
            The task; False with a warning if libgearman refuses an argument.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                client.addTask("resize", "holiday.jpg")
                client.addTaskHigh("resize", "portrait.jpg")  # workers take it first
                client.runTasks()

        Equivalent to gearman_client_add_task_high().
        """
        return self._add_job("addTaskHigh", JobKind.HIGH, function_name, workload, context, unique_key)

    def addTaskLow(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a job of low priority. Otherwise like addTask().

        Args:
            function_name: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str, bytes, any bytes-like object or a number; not empty.
            context: The second argument of the task's callbacks. Without one, callbacks get the task only.
            unique_key: A key of at most 63 bytes, or None. While a job of the same function with the same key is
                waiting or running, this submission joins it: there is one job, with the workload and the priority of
                the first submission, and all waiting clients get its result.

        Returns:
            The task; False with a warning if libgearman refuses an argument.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                client.addTaskLow("resize", "archive.jpg")  # workers take it last
                client.addTask("resize", "holiday.jpg")
                client.runTasks()

        Equivalent to gearman_client_add_task_low().
        """
        return self._add_job("addTaskLow", JobKind.LOW, function_name, workload, context, unique_key)

    def addTaskBackground(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a background job: its task ends when the server has queued it. Otherwise like addTask().

        Args:
            function_name: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str, bytes, any bytes-like object or a number; not empty.
            context: The second argument of the task's callbacks. Without one, callbacks get the task only.
            unique_key: A key of at most 63 bytes, or None. While a job of the same function with the same key is
                waiting or running, this submission joins it: there is one job, with the workload and the priority of
                the first submission, and all waiting clients get its result.

        Returns:
            The task; False with a warning if libgearman refuses an argument.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                for photo in ("one.jpg", "two.jpg", "three.jpg"):
                    client.addTaskBackground("resize", photo)
                client.runTasks()  # returns when all three are queued

        Equivalent to gearman_client_add_task_background().
        """
        return self._add_job("addTaskBackground", JobKind.BACKGROUND, function_name, workload, context, unique_key)

    def addTaskHighBackground(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a background job of high priority. Otherwise like addTaskBackground().

        Args:
            function_name: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str, bytes, any bytes-like object or a number; not empty.
            context: The second argument of the task's callbacks. Without one, callbacks get the task only.
            unique_key: A key of at most 63 bytes, or None. While a job of the same function with the same key is
                waiting or running, this submission joins it: there is one job, with the workload and the priority of
                the first submission, and all waiting clients get its result.

        Returns:
            The task; False with a warning if libgearman refuses an argument.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                client.addTaskHighBackground("mail", "new password for anna@example.org")
                client.runTasks()  # returns when it is queued, before other mail

        Equivalent to gearman_client_add_task_high_background().
        """
        kind = JobKind.HIGH_BACKGROUND
        return self._add_job("addTaskHighBackground", kind, function_name, workload, context, unique_key)

    def addTaskLowBackground(
        self, function_name: Name, workload: Data, context: Any = NO_CONTEXT, unique_key: Name | None = None
    ) -> GearmanTask | Literal[False]:
        """Adds a background job of low priority. Otherwise like addTaskBackground().

        Args:
            function_name: The name of the function, as str or bytes, at most 512 bytes.
            workload: The data for it, as str, bytes, any bytes-like object or a number; not empty.
            context: The second argument of the task's callbacks. Without one, callbacks get the task only.
            unique_key: A key of at most 63 bytes, or None. While a job of the same function with the same key is
                waiting or running, this submission joins it: there is one job, with the workload and the priority of
                the first submission, and all waiting clients get its result.

        Returns:
            The task; False with a warning if libgearman refuses an argument.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                for address in ("anna@example.org", "ben@example.org"):
                    client.addTaskLowBackground("mail", f"newsletter for {address}")
                client.runTasks()  # returns when both are queued, after other mail

        Equivalent to gearman_client_add_task_low_background().
        """
        kind = JobKind.LOW_BACKGROUND
        return self._add_job("addTaskLowBackground", kind, function_name, workload, context, unique_key)

    def addTaskStatus(self, job_handle: Name, context: Any = NO_CONTEXT) -> GearmanTask | Literal[False]:
        """Adds a request for the status of a job; the status callback gets the answer.

        Args:
            job_handle: What doBackground() returned.
            context: The second argument of the task's callbacks. Without one, callbacks get the task only.

        Returns:
            The task; False with a warning if libgearman refuses an argument.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                handle = client.doBackground("resize", "photo.jpg")
                client.setStatusCallback(lambda task: print("known:", task.isKnown()))
                client.addTaskStatus(handle)
                client.runTasks()

        Equivalent to gearman_client_add_task_status().
        """
        handle = arguments.name(job_handle, "job_handle")
        if not self._is_handle("addTaskStatus", handle):
            return False
        return self._add("addTaskStatus", JobKind.JOB_STATUS, handle, b"", b"", context)

    def runTasks(self) -> bool:
        """Submits the tasks that were added and waits until all have ended. Tasks are submitted newest first.

        Returns:
            True, even if jobs have failed (their callbacks are called) or a callback has stopped the run: returnCode()
            is then the code of the callback, and the next runTasks() continues. False with a warning if a server failed
            or the timeout has passed; call it again to continue. In non-blocking mode True with GEARMAN_IO_WAIT.

        Raises:
            Exception: What a callback has raised. The next runTasks() delivers the packets that came after it.

        Example:
                client.setTimeout(60_000)
                client.addTask("resize", "one.jpg")
                client.addTask("resize", "two.jpg")
                if not client.runTasks():
                    print("not all photos are resized:", client.error())

        Equivalent to gearman_client_run_tasks().
        """
        return self._run_tasks(-1)

    # ---------------------------------------------------------------------------- context

    def context(self) -> str:
        """The text that was given to setContext().

        Returns:
            The text; "" before setContext().

        Example:
                client.setContext("import of 2026-11-30")
                client.context()  # "import of 2026-11-30"

        Equivalent to gearman_client_context().
        """
        return self._context

    def setContext(self, data: Name) -> bool:
        """Stores a text with the client. Tasks have contexts of their own.

        Args:
            data: The text.

        Returns:
            True.

        Raises:
            TypeError: An argument has a type that cannot be sent.
            ValueError: A name contains a NUL byte, or the data has more than 4 GiB.

        Example:
                client.setContext("import of 2026-11-30")
                client.setFailCallback(lambda task: print(client.context(), task.unique(), "has failed"))

        Equivalent to gearman_client_set_context().
        """
        self._context = arguments.decode(arguments.name(data, "data"))
        return True

    # -------------------------------------------------------------- names that PHP has dropped

    def clone(self: _Client) -> _Client:
        """Deprecated: a new object with the same servers, options and timeout, and no tasks.

        Example:
                other = GearmanClient()  # instead of client.clone()
                other.addServer("127.0.0.1", 4730)
        """
        warn_deprecated("GearmanClient.clone()", "a new GearmanClient")
        return self._clone()

    def data(self) -> str:
        """Deprecated: context() under its old name.

        Example:
                client.context()  # instead of client.data()
        """
        warn_deprecated("GearmanClient.data()", "GearmanClient.context()")
        return self.context()

    def do(self, function: Name, workload: Data, unique: Name | None = None) -> bytes:
        """Deprecated: doNormal() under its old name.

        Example:
                client.doNormal("reverse", "hello")  # instead of client.do("reverse", "hello")
        """
        warn_deprecated("GearmanClient.do()", "GearmanClient.doNormal()")
        return self.doNormal(function, workload, unique)

    def echo(self, workload: Data) -> bool:
        """Deprecated: ping() under its old name.

        Example:
                client.ping("are you there?")  # instead of client.echo("are you there?")
        """
        warn_deprecated("GearmanClient.echo()", "GearmanClient.ping()")
        return self.ping(workload)

    def setClientCallback(self, function: TaskCallback) -> bool:
        """Deprecated: setDataCallback() under its old name.

        Example:
                client.setDataCallback(lambda task: print(task.data()))  # instead of client.setClientCallback()
        """
        warn_deprecated("GearmanClient.setClientCallback()", "GearmanClient.setDataCallback()")
        return self.setDataCallback(function)

    def setData(self, data: Name) -> bool:
        """Deprecated: setContext() under its old name.

        Example:
                client.setContext("import of 2026-11-30")  # instead of client.setData("import of 2026-11-30")
        """
        warn_deprecated("GearmanClient.setData()", "GearmanClient.setContext()")
        return self.setContext(data)

    # ------------------------------------------------------------------ for the Python layer

    def _submit(
        self, kind: int, function: bytes, workload: bytes, unique: bytes = b"", timeout_ms: int = -1, epoch: int = 0
    ) -> Reply:
        """Submits a job and returns the whole reply. Never warns, and sends empty workloads.

        kind: a JobKind. function, unique: without NUL bytes; b"" for no unique key. timeout_ms: bounds the whole call,
        in milliseconds; -1 for no limit. epoch: the Unix time before which a job of kind BACKGROUND is not run; 0 for
        none.
        """
        reply = self._native.submit(kind, function, unique, workload or None, timeout_ms, epoch)
        self._set_outcome(reply.rc)
        return reply

    def _ask_status(self, handle: bytes, timeout_ms: int = -1) -> StatusReply:
        """Asks for a job's status by its handle. timeout_ms: as in _submit()."""
        reply = self._native.job_status(handle, timeout_ms)
        self._rc = reply.rc
        return reply

    def _ask_status_by_unique_key(self, key: bytes, timeout_ms: int = -1) -> StatusReply:
        """Asks for a job's status by its unique key, over a connection of its own. timeout_ms: as in _submit().

        Q23: over the same connection, the next job would get no handle. Q25: a job has 63 bytes of its key.
        """
        asking = self._native.clone(self._tasks)
        reply = asking.unique_status(key[:_MAX_UNIQUE], timeout_ms)
        self._text = asking.error()
        return reply

    def _run_tasks(self, timeout_ms: int) -> bool:
        """Does what runTasks() does. timeout_ms: as in _submit(); it also bounds the wait for a new connection."""
        self._text = None
        rc = self._rc = self._native.run_tasks(timeout_ms)
        if rc in NO_WARNING:
            return True
        self._warn("runTasks")
        return False

    def _enable_exceptions(self) -> None:
        """Requests the exceptions of workers on each connection when it is opened."""
        self._native.enable_exceptions()

    def _leave_out_silent(self) -> bool:
        """Call this after a timeout: gives up the connection, and leaves the server out, if it is silent."""
        return self._native.leave_out_silent()

    def _set_connect_timeout(self, milliseconds: int) -> None:
        """Limits how long opening a connection may take, 5 seconds by default; -1 for no limit."""
        self._native.set_connect_timeout(milliseconds)

    def _clone(self: _Client, kind: type[_Client] | None = None, rotation: int = 0) -> _Client:
        """A client with the same servers, options and timeout, without tasks and callbacks.

        kind: its class, by default that of this one. rotation: by how many places its servers are rotated.
        """
        kind = kind or type(self)
        copy = kind.__new__(kind)  # without __init__, which reads GEARMAN_SERVERS
        copy._tasks = TaskRegistry()
        copy._set_up(self._native.clone(copy._tasks, rotation), self._context)
        return copy

    # ---------------------------------------------------------------------------- private

    def _new_native(self) -> NativeClient:
        return NativeClient(self._tasks, self._from_environment)

    def _set_up(self, native: NativeClient, context: str = "") -> None:
        super().__init__()
        self._native = native
        self._background_handle = ""
        self._context = context

    def _do_in_background(self, call: str, kind: JobKind, function: Name, workload: Data, unique: Name | None) -> str:
        """Submits a job in the background for the public method ``call``."""
        reply = self._do(call, kind, function, workload, unique)
        return reply.handle if reply.rc in NO_WARNING else ""

    def _do(self, call: str, kind: JobKind, function: Name, workload: Data, unique: Name | None) -> Reply:
        """Submits a job for the public method ``call``, and warns as PHP does if that failed."""
        name = arguments.name(function, "function")
        data = arguments.data(workload, "workload")
        key = b"" if unique is None else arguments.name(unique, "unique")
        reply = self._native.submit(kind, name, key, data)
        self._set_outcome(reply.rc)
        succeeded = reply.rc in NO_WARNING
        if kind in _BACKGROUND and name:  # without a name libgearman keeps the handle of the last job
            self._background_handle = reply.handle if succeeded else ""
        if not succeeded:
            self._warn(call, reply.error)
        return reply

    def _set_outcome(self, rc: int) -> None:
        """Stores the outcome of a submission, for returnCode() and error()."""
        self._rc = rc
        self._text = return_code_name(rc) if rc in _JOB_FAILED else None

    def _add_job(
        self, call: str, kind: JobKind, function: Name, workload: Data, context: Any, unique: Name | None
    ) -> GearmanTask | Literal[False]:
        name = arguments.name(function, "function_name")
        if unique is None:
            key = b""
        else:
            key = arguments.name(unique, "unique_key")
            if context is NO_CONTEXT:
                context = None  # skipped with a named argument: PHP passes null to the callbacks
        return self._add(call, kind, name, key, arguments.data(workload, "workload"), context)

    def _add(
        self,
        call: str,
        kind: int,
        name: bytes,
        unique: bytes,
        workload: bytes | bytearray | memoryview | None,
        context: Any,
    ) -> GearmanTask | Literal[False]:
        """Adds a task. workload: None for an empty one, which libgearman refuses otherwise."""
        tasks = self._tasks
        number = next(tasks.numbers)
        self._text = None
        task = GearmanTask()
        tasks.remember(number, task, context)  # before C has it: a signal handler may run it to its end
        try:
            rc = self._rc = self._native.add_task(task, kind, number, tasks.callback_mask, name, unique, workload)
        except BaseException:
            tasks.forget([number])
            raise
        if rc:
            tasks.forget([number])
            self._warn(call)
            return False
        return task

    def _set_callback(self, call: str, event: TaskEvent, function: TaskCallback) -> bool:
        if not self._check_callback(call, function):
            return False
        self._tasks.set_callback(event, function)
        return True

    def _check_callback(self, call: str, function: object) -> bool:
        if callable(function):
            return True
        warn(f"{self._php_class}::{call}()", f"function {'' if function is None else function} is not callable")
        return False

    def _is_handle(self, call: str, handle: bytes) -> bool:
        """Warns if a handle is too long: libgearman matches no answer to it, so the call would never return."""
        if len(handle) <= _MAX_HANDLE:
            return True
        self._rc = INVALID_ARGUMENT
        self._text = f"{return_code_name(self._rc)}: a job handle has at most {_MAX_HANDLE} bytes"
        self._warn(call)
        return False
