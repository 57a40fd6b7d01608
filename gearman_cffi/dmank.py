"""The API of PHP's dmank/gearman: its classes, method names, defaults and habits, for programs that are ported.

    from gearman_cffi.dmank import Client, Server, ServerCollection

    servers = ServerCollection()
    servers.add(Server("127.0.0.1", "4730"))
    client = Client(servers)
    print(client.executeJob("reverse", "abc"))

The classes are thin subclasses of those in gearman_cffi, whose methods they have as well: a program can be changed from
one to the other call by call. The methods with dmank's names differ from them in three ways: the default priority is
LOW, executeJobs() and addMultipleJobs() skip items of other types, and a handler added later replaces one of the same
name. docs/porting-from-dmank.md lists what is different from PHP, and why.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from gearman_cffi import client as _client
from gearman_cffi import events as _events
from gearman_cffi import handlers as _handlers
from gearman_cffi import job_status as _job_status
from gearman_cffi import jobs as _jobs
from gearman_cffi import servers as _servers
from gearman_cffi import subscribers as _subscribers
from gearman_cffi import worker as _worker
from gearman_cffi._worker.handler_adapter import HandlerJob
from gearman_cffi.events import Dispatcher, EventName, Listener
from gearman_cffi.exceptions import GearmanError
from gearman_cffi.exceptions import NoFunctionGiven as NoFunctionGiven
from gearman_cffi.ext import GearmanClient, GearmanWorker, arguments
from gearman_cffi.job_update import JobUpdate
from gearman_cffi.messages import short_repr
from gearman_cffi.priorities import Priority
from gearman_cffi.serializers import PhpSerializer, Serializer, is_serialized

__all__ = [
    "Client",
    "ConnectToServerEvent",
    "Event",
    "EventDispatcher",
    "FunctionEvent",
    "FunctionFailureEvent",
    "Job",
    "JobCollection",
    "JobHandlerInterface",
    "JobInterface",
    "JobStatus",
    "MaxRuntime",
    "MemoryLimit",
    "Monolog",
    "NoFunctionGiven",
    "ReconnectNeeded",
    "RegisterFunctionEvent",
    "Server",
    "ServerCollection",
    "StringHelper",
    "Worker",
    "WorkerEvent",
    "WorkerExceptionEvent",
]

_PHP = PhpSerializer()


# ------------------------------------------------------------------------------------------------ values


class Server(_servers.Server):
    """A gearmand's host and port. As in PHP, the port may be a numeric string.

    Args:
        host: None and "" are 127.0.0.1.
        port: None and 0 are 4730.

    Raises:
        ValueError: The host or the port is invalid.

    Example:
            Server("10.0.0.5", 4730)
    """

    def __init__(
        self, host: str | None = _servers.DEFAULT_HOST, port: int | str | None = _servers.DEFAULT_PORT
    ) -> None:
        super().__init__(host or _servers.DEFAULT_HOST, _port(port) or _servers.DEFAULT_PORT)

    def getHost(self) -> str:
        """Returns the host.

        Returns:
            The host.
        """
        return self.host

    def getPort(self) -> int:
        """Returns the port.

        Returns:
            The port.
        """
        return self.port


class ServerCollection(_servers.ServerCollection):
    """Servers in order. The client submits to the one that was added last, and to the others if it is not there.

    Args:
        servers: As for gearman_cffi.ServerCollection.

    Example:
            servers = ServerCollection()
            servers.add(Server("10.0.0.5", 4730))
    """

    def getServers(self) -> list[_servers.Server]:
        """Returns the servers in order.

        Returns:
            The servers in order.
        """
        return self.get_servers()

    def count(self) -> int:
        """Returns how many servers there are.

        Returns:
            How many servers there are.
        """
        return len(self)


class StringHelper:
    """PHP's serialize format.

    Example:
            StringHelper.isSerialized("i:5;")
    """

    @staticmethod
    def isSerialized(string: object) -> bool:
        """Whether a string is in PHP's serialize format; False for other types.

        Args:
            string: A str or bytes.

        Returns:
            True or False.
        """
        return is_serialized(string)


class JobInterface:
    """The interface of the jobs that executeJobs() takes: a function's name and a workload.

    Example:
            class Mail(JobInterface):
                def getJobName(self):
                    return "mail"

                def getWorkLoad(self):
                    return "anna@example.org"
    """

    def getJobName(self) -> str:
        """Returns the name of the function.

        Returns:
            The name of the function.
        """
        raise NotImplementedError(f"{type(self).__name__} must define getJobName()")

    def getWorkLoad(self) -> Any:
        """Returns the workload.

        Returns:
            The workload.
        """
        raise NotImplementedError(f"{type(self).__name__} must define getWorkLoad()")

    def get_job_name(self) -> str:
        """Returns getJobName().

        Returns:
            GetJobName().
        """
        return self.getJobName()

    def get_workload(self) -> Any:
        """Returns getWorkLoad().

        Returns:
            GetWorkLoad().
        """
        return self.getWorkLoad()


class Job(_jobs.Job, JobInterface):
    """A function's name and a workload. The name becomes a string; a workload that is serialized is read.

    Args:
        job_name: The name of the function.
        workload: A value.
        unique: A unique key.
        priority: None for the priority of the call.

    Example:
            client.executeJobs([Job("reverse", "one"), Job("reverse", "two")])
    """

    def __init__(
        self,
        job_name: object,
        workload: Any = None,
        unique: str | None = None,
        priority: Priority | int | None = None,
    ) -> None:
        super().__init__(_strval(job_name), workload, unique, priority)

    def get_workload(self) -> Any:
        """Returns the workload, unserialized if it is in PHP's serialize format.

        Returns:
            The workload, unserialized if it is in PHP's serialize format.
        """
        if not is_serialized(self._workload):
            return self._workload
        data = self._workload
        return _PHP.unserialize(data.encode() if isinstance(data, str) else bytes(data))

    def getJobName(self) -> str:
        """Returns the name of the function.

        Returns:
            The name of the function.
        """
        return self.get_job_name()

    def getWorkLoad(self) -> Any:
        """Returns the workload, unserialized.

        Returns:
            The workload, unserialized.
        """
        return self.get_workload()


class DmankHandlerJob(HandlerJob, Job):
    """The Job that a handler is given."""


class JobStatus(_job_status.JobStatus):
    """A server's answer about a job, made of what GearmanClient.jobStatus() returns.

    Args:
        status: [known, running, numerator, denominator]; elements that are missing are False and 0.

    Raises:
        TypeError: It is neither a sequence nor a mapping.

    Example:
            client.getJobStatus(handle).isRunning()
    """

    def __init__(self, status: Sequence[object] | Mapping[int, object] = ()) -> None:
        """Elements that are missing are False and 0. Raises TypeError for other types."""
        if isinstance(status, (str, bytes)) or not isinstance(status, (Sequence, Mapping)):
            raise TypeError(f"JobStatus() takes a list such as jobStatus() returns, not {short_repr(status)}")
        elements = status if isinstance(status, Mapping) else dict(enumerate(status))
        numbers = (elements.get(place) for place in (2, 3))
        super().__init__(
            arguments.flag(elements.get(0)),
            arguments.flag(elements.get(1)),
            *(number if isinstance(number, int) else 0 for number in numbers),
        )

    @classmethod
    def from_answer(cls, answer: Sequence[bool | int]) -> JobStatus:
        """The same as the constructor.

        Args:
            answer: known, running, numerator, denominator.

        Returns:
            The JobStatus.
        """
        return cls(answer)

    def isKnown(self) -> bool:
        """Whether the server has the job.

        Returns:
            True or False.
        """
        return self.is_known

    def isRunning(self) -> bool:
        """Whether a worker executes the job.

        Returns:
            True or False.
        """
        return self.is_running

    def isCompleted(self) -> bool:
        """Whether the server neither has the job nor runs it: it is done, has failed or never was.

        Returns:
            True or False.
        """
        return self.is_completed


# ---------------------------------------------------------------------------------------------- handlers


class JobHandlerInterface(_handlers.JobHandlerInterface):
    """Executes the jobs of one function. Subclasses define execute() and listensToJob().

    Example:
            class Reverse(JobHandlerInterface):
                def listensToJob(self):
                    return "reverse"

                def execute(self, job):
                    return job.getWorkLoad()[::-1]
    """

    job_class = DmankHandlerJob

    @abstractmethod
    def listensToJob(self) -> str:
        """Returns the name of the function whose jobs are for this handler.

        Returns:
            The name of the function whose jobs are for this handler.
        """

    def listens_to_job(self) -> str:
        """Returns listensToJob().

        Returns:
            ListensToJob().
        """
        return self.listensToJob()


class JobCollection(_handlers.JobCollection):
    """A worker's handlers by name. A handler replaces an earlier one of the same name.

    Args:
        handlers: Handlers, which are added.

    Example:
            jobs = JobCollection()
            jobs.add(Reverse())
    """

    def add(self, handler: _handlers.JobHandlerInterface, *, replace: bool = True) -> None:
        """Adds a handler.

        Args:
            handler: A JobHandlerInterface.
            replace: Ignored: a handler always replaces an earlier one of the same name.

        Raises:
            TypeError: It is another type.
        """
        super().add(handler, replace=replace)
        if isinstance(handler, _handlers.FunctionHandler):
            handler.job_class = DmankHandlerJob

    def addMultipleJobs(self, jobs: Iterable[object]) -> int:
        """Adds the handlers among these and skips everything else.

        Args:
            jobs: The handlers, or anything else, which is skipped.

        Returns:
            How many were added.
        """
        handlers = [job for job in jobs if isinstance(job, _handlers.JobHandlerInterface)]
        for handler in handlers:
            self.add(handler)
        return len(handlers)

    def getJobs(self) -> dict[str, _handlers.JobHandlerInterface]:
        """Returns the handlers by name.

        Returns:
            The handlers by name.
        """
        return self.get_jobs()

    def count(self) -> int:
        """Returns how many handlers there are.

        Returns:
            How many handlers there are.
        """
        return len(self)

    def getJob(self, jobName: str) -> _handlers.JobHandlerInterface | None:
        """Returns the handler that listens to this name now, or None.

        Args:
            jobName: The name of the function.

        Returns:
            The handler that listens to this name now, or None.
        """
        return self.get_job(jobName)


# ------------------------------------------------------------------------------------- client and worker


class Client(_client.Client):
    """Submits jobs. As in gearman_cffi.Client, results are unserialized and failures are raised.

    The arguments of the constructor are those of gearman_cffi.Client.

    Example:
            client = Client(servers)
            print(client.executeJob("reverse", "abc"))
    """

    PRIORITY_LOW: Final = Priority.LOW
    PRIORITY_NORMAL: Final = Priority.NORMAL
    PRIORITY_HIGH: Final = Priority.HIGH

    def setImplementation(self, client: GearmanClient) -> None:
        """Uses this GearmanClient; the servers are added to it on first use.

        Args:
            client: A gearman_cffi.ext.GearmanClient.
        """
        self.set_implementation(client)

    def executeJob(
        self,
        method: str,
        workLoad: Any,
        priority: Priority | int = Priority.LOW,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
        on_update: Callable[[JobUpdate], object] | None = None,
    ) -> Any:
        """execute_job() with the default priority LOW.

        Args:
            method: The name of the function.
            workLoad: A value; text that is serialized already is sent unchanged.
            priority: A Priority; LOW by default.
            unique: A unique key, as for gearman_cffi.Client.
            timeout: In seconds or as a timedelta; None for the client's own.
            on_update: Called with a JobUpdate for each update of the job.

        Returns:
            As for the method of gearman_cffi.Client.

        Raises:
            GearmanError: As for the method of gearman_cffi.Client.
        """
        return self.execute_job(method, workLoad, priority, unique, timeout, on_update)

    def executeInBackground(
        self,
        method: str,
        workLoad: Any,
        priority: Priority | int = Priority.LOW,
        unique: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> str:
        """execute_in_background() with the default priority LOW.

        Args:
            method: The name of the function.
            workLoad: A value; text that is serialized already is sent unchanged.
            priority: A Priority; LOW by default.
            unique: A unique key, as for gearman_cffi.Client.
            timeout: In seconds or as a timedelta; None for the client's own.

        Returns:
            As for the method of gearman_cffi.Client.

        Raises:
            GearmanError: As for the method of gearman_cffi.Client.
        """
        return self.execute_in_background(method, workLoad, priority, unique, timeout)

    def executeJobs(
        self,
        jobs: Iterable[object],
        priority: Priority | int = Priority.LOW,
        timeout: float | timedelta | None = None,
    ) -> list[Any]:
        """execute_jobs() with the default priority LOW.

        Items that are not jobs are skipped.

        Args:
            jobs: Job objects; items of other types are skipped.
            priority: A Priority; LOW by default.
            timeout: In seconds or as a timedelta; None for the client's own.

        Returns:
            As for the method of gearman_cffi.Client.

        Raises:
            GearmanError: As for the method of gearman_cffi.Client.
        """
        taken = [job for job in jobs if isinstance(job, (_jobs.Job, JobInterface))]
        return self.execute_jobs(taken, priority, timeout=timeout)

    def getJobStatus(self, jobHandle: str, timeout: float | timedelta | None = None) -> JobStatus:
        """get_job_status() as a JobStatus of this module.

        Args:
            jobHandle: The handle of the job.
            timeout: In seconds or as a timedelta; None for the client's own.

        Returns:
            As for the method of gearman_cffi.Client.

        Raises:
            GearmanError: As for the method of gearman_cffi.Client.
        """
        status = self.get_job_status(jobHandle, timeout)
        return JobStatus([status.is_known, status.is_running, status.numerator, status.denominator])


class Worker(_worker.Worker):
    """Executes jobs with the handlers of a collection. The dispatcher's listeners get the events of this module.

    Args:
        servers: As for gearman_cffi.Worker.
        jobs: A JobCollection, or handlers.
        dispatcher: Gets the events.
        serializer: None for PHP's format, as dmank uses it.
        options: The other arguments of gearman_cffi.Worker.

    Example:
            worker = Worker(servers, jobs, dispatcher)
            worker.run()
    """

    def __init__(
        self,
        servers: _servers.ServerCollection | Iterable[_servers.Server | str] | _servers.Server | str | None = None,
        jobs: _handlers.JobCollection | Iterable[_handlers.JobHandlerInterface] = (),
        dispatcher: Dispatcher | None = None,
        *,
        serializer: Serializer | None = None,
        **options: Any,
    ) -> None:
        given: Dispatcher = EventDispatcher() if dispatcher is None else dispatcher
        super().__init__(servers, jobs, _ConvertingDispatcher(given), serializer=serializer, **options)
        self.dispatcher = given

    def setImplementation(self, worker: GearmanWorker) -> None:
        """Uses this GearmanWorker; servers and handlers are added to it by run().

        Args:
            worker: A gearman_cffi.ext.GearmanWorker.
        """
        self.set_implementation(worker)

    def destroyWorker(self) -> None:
        """Dispatches worker.on_before_destroy and makes run() return after the current job."""
        self.destroy_worker()

    def getEventDispatcher(self) -> Dispatcher:
        """Returns the dispatcher that was given to the constructor.

        Returns:
            The dispatcher that was given to the constructor.
        """
        return self.dispatcher


class ReconnectNeeded(GearmanError):
    """dmank declares this exception and never raises it; neither is it raised here, where workers reconnect."""


# ------------------------------------------------------------------------------------------------ events


class Event(_events.Event):
    """The base of the events, with Symfony's method names. name is set when the event is dispatched."""

    def stopPropagation(self) -> None:
        """The listeners that were not called yet are not called."""
        self.stop_propagation()

    def isPropagationStopped(self) -> bool:
        """Whether a listener has called stopPropagation().

        Returns:
            True or False.
        """
        return self.is_propagation_stopped()


class WorkerEvent(_events.WorkerEvent, Event):
    """The worker starts, waits, has executed a job, or ends."""

    EVENT_BEFORE_RUN: Final = EventName.BEFORE_RUN
    EVENT_AFTER_RUN: Final = EventName.AFTER_RUN
    EVENT_ON_IO_WAIT: Final = EventName.IO_WAIT
    EVENT_ON_NO_JOBS: Final = EventName.NO_JOBS
    EVENT_ON_WORK: Final = EventName.WORK
    EVENT_ON_BEFORE_DESTROY: Final = EventName.BEFORE_DESTROY

    def __init__(self, workerInstance: _worker.Worker) -> None:
        super().__init__("", workerInstance)

    def getWorkerInstance(self) -> Any:
        """Returns the worker.

        Returns:
            The worker.
        """
        return self.worker


class ConnectToServerEvent(_events.ConnectToServerEvent, Event):
    """The worker is given its servers, or has been."""

    CONNECT_TO_SERVER_EVENT: Final = EventName.CONNECT_TO_SERVER
    CONNECTED_TO_SERVER_EVENT: Final = EventName.CONNECTED_TO_SERVER

    def __init__(self, serverCollection: _servers.ServerCollection) -> None:
        super().__init__("", serverCollection)

    def getServerCollection(self) -> _servers.ServerCollection:
        """Returns the worker's servers.

        Returns:
            The worker's servers.
        """
        return self.servers


class RegisterFunctionEvent(_events.RegisterFunctionEvent, Event):
    """The handlers are about to be registered, or have been."""

    EVENT_ON_BEFORE_REGISTER_FUNCTIONS: Final = EventName.BEFORE_REGISTER_FUNCTIONS
    EVENT_ON_AFTER_REGISTER_FUNCTIONS: Final = EventName.AFTER_REGISTER_FUNCTIONS

    def __init__(self, jobs: _handlers.JobCollection) -> None:
        super().__init__("", jobs)

    def getJobs(self) -> _handlers.JobCollection:
        """Returns the worker's handlers.

        Returns:
            The worker's handlers.
        """
        return self.jobs


class FunctionEvent(_events.FunctionEvent, Event):
    """A handler is about to be given a job, or has returned. result is [] before the handler has run."""

    FUNCTION_BEFORE_EXECUTE: Final = EventName.FUNCTION_BEFORE_EXECUTE
    FUNCTION_AFTER_EXECUTE: Final = EventName.FUNCTION_AFTER_EXECUTE

    def __init__(self, jobHandler: _handlers.JobHandlerInterface, job: Any, *result: Any) -> None:
        super().__init__("", jobHandler, job, *result)

    def getJobHandler(self) -> _handlers.JobHandlerInterface:
        """Returns the handler.

        Returns:
            The handler.
        """
        return self.job_handler

    def getJob(self) -> Any:
        """Returns the job.

        Returns:
            The job.
        """
        return self.job

    def getResult(self) -> Any:
        """Returns what the handler has returned.

        Returns:
            What the handler has returned.
        """
        return self.result


class FunctionFailureEvent(_events.FunctionFailureEvent, Event):
    """A handler has raised, or a listener of the job's other events has."""

    FUNCTION_ON_FAILURE: Final = EventName.FUNCTION_FAILURE

    def __init__(self, jobHandler: _handlers.JobHandlerInterface, exception: BaseException, job: Any = None) -> None:
        super().__init__("", jobHandler, job, exception)

    def getJobHandler(self) -> _handlers.JobHandlerInterface:
        """Returns the handler.

        Returns:
            The handler.
        """
        return self.job_handler

    def getJob(self) -> Any:
        """Returns the job.

        Returns:
            The job.
        """
        return self.job

    def getException(self) -> BaseException:
        """Returns the exception.

        Returns:
            The exception.
        """
        return self.exception


class WorkerExceptionEvent(_events.WorkerExceptionEvent, Event):
    """Something has failed outside a job."""

    EVENT_ON_FAILURE: Final = EventName.WORKER_FAILURE

    def __init__(self, worker: _worker.Worker, exception: BaseException) -> None:
        super().__init__("", worker, exception)

    def getWorker(self) -> Any:
        """Returns the worker.

        Returns:
            The worker.
        """
        return self.worker

    def getException(self) -> BaseException:
        """Returns the exception.

        Returns:
            The exception.
        """
        return self.exception


class EventDispatcher(_events.EventDispatcher):
    """Symfony's EventDispatcher. A listener is called with the event; event.name is the name.

    Example:
            dispatcher = EventDispatcher()
            dispatcher.addSubscriber(Monolog(logger))
    """

    def dispatch(self, event_name: str, event: _events.Event | None = None) -> _events.Event:
        """Calls the listeners and returns the event.

        Args:
            event_name: The name of the event.
            event: The event.

        Returns:
            The event.
        """
        if event is None:
            event = Event()
        event.name = event_name
        return super().dispatch(event_name, event)

    def addListener(self, eventName: str, listener: Listener, priority: int = 0) -> None:
        """Adds a listener.

        Args:
            eventName: The name of the event.
            listener: Called with the event.
            priority: Higher ones are called first.
        """
        self.add_listener(eventName, listener, priority)

    def removeListener(self, eventName: str, listener: Listener) -> None:
        """Removes a listener.

        Args:
            eventName: The name of the event.
            listener: Called with the event.
        """
        self.remove_listener(eventName, listener)

    def getListeners(self, eventName: str) -> list[Listener]:
        """Returns the listeners in the order in which they are called.

        Args:
            eventName: The name of the event.

        Returns:
            The listeners in the order in which they are called.
        """
        return self.get_listeners(eventName)

    def hasListeners(self, eventName: str) -> bool:
        """Whether there is a listener for this name.

        Args:
            eventName: The name of the event.

        Returns:
            True or False.
        """
        return self.has_listeners(eventName)

    def addSubscriber(self, subscriber: Any) -> None:
        """Adds the listeners that getSubscribedEvents() names.

        Args:
            subscriber: An object with getSubscribedEvents().
        """
        self.add_subscriber(subscriber)

    def removeSubscriber(self, subscriber: Any) -> None:
        """Removes the listeners that getSubscribedEvents() names.

        Args:
            subscriber: An object with getSubscribedEvents().
        """
        self.remove_subscriber(subscriber)

    def _subscribed_events(self, subscriber: Any) -> Mapping[str, Any]:
        """Calls getSubscribedEvents(), or get_subscribed_events() if the subscriber has no such method."""
        if not hasattr(subscriber, "getSubscribedEvents"):
            return super()._subscribed_events(subscriber)
        subscribed_events: Mapping[str, Any] = subscriber.getSubscribedEvents()
        return subscribed_events


class _ConvertingDispatcher:
    """Between a worker and a dispatcher: converts the events of gearman_cffi.events to those of this module."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self.has_listeners = dispatcher.has_listeners

    def dispatch(self, event_name: str, event: _events.Event) -> object:
        converted: _events.Event
        match event:
            case _events.WorkerEvent():
                converted = WorkerEvent(event.worker)
            case _events.ConnectToServerEvent():
                converted = ConnectToServerEvent(event.servers)
            case _events.RegisterFunctionEvent():
                converted = RegisterFunctionEvent(event.jobs)
            case _events.FunctionEvent():
                converted = FunctionEvent(event.job_handler, event.job, event.result)
            case _events.FunctionFailureEvent():
                converted = FunctionFailureEvent(event.job_handler, event.exception, event.job)
            case _events.WorkerExceptionEvent():
                converted = WorkerExceptionEvent(event.worker, event.exception)
            case _:
                converted = event
        converted.name = event_name
        return self._dispatcher.dispatch(event_name, converted)


# ------------------------------------------------------------------------------------------- subscribers


class Monolog(_subscribers.LoggingSubscriber):
    """Logs what the worker does, with dmank's messages.

    The argument is one of Python's loggers.

    Example:
            dispatcher.addSubscriber(Monolog(logging.getLogger("worker")))
    """

    @staticmethod
    def getSubscribedEvents() -> dict[str, list[str | int]]:
        """Returns the methods by event, all with priority 10.

        Returns:
            The methods by event, all with priority 10.
        """
        return {
            WorkerEvent.EVENT_BEFORE_RUN: ["onBeforeRun", 10],
            WorkerEvent.EVENT_ON_BEFORE_DESTROY: ["onBeforeDestroy", 10],
            WorkerEvent.EVENT_AFTER_RUN: ["onAfterRun", 10],
            WorkerEvent.EVENT_ON_IO_WAIT: ["onIOWait", 10],
            RegisterFunctionEvent.EVENT_ON_AFTER_REGISTER_FUNCTIONS: ["onAfterRegisterFunctions", 10],
            RegisterFunctionEvent.EVENT_ON_BEFORE_REGISTER_FUNCTIONS: ["onBeforeRegisterFunctions", 10],
            WorkerExceptionEvent.EVENT_ON_FAILURE: ["onFailure", 10],
            WorkerEvent.EVENT_ON_NO_JOBS: ["onNoJobs", 10],
            FunctionEvent.FUNCTION_BEFORE_EXECUTE: ["onFunctionBeforeExecute", 10],
            FunctionEvent.FUNCTION_AFTER_EXECUTE: ["onFunctionAfterExecute", 10],
            FunctionFailureEvent.FUNCTION_ON_FAILURE: ["onFunctionFailure", 10],
        }

    def onBeforeRun(self, event: _events.WorkerEvent) -> None:
        """Logs that the worker starts.

        Args:
            event: The event.
        """
        self.on_before_run(event)

    def onAfterRun(self, event: _events.WorkerEvent) -> None:
        """Logs that a job was answered.

        Args:
            event: The event.
        """
        self.on_after_run(event)

    def onBeforeDestroy(self, event: _events.WorkerEvent) -> None:
        """Logs that the worker ends.

        Args:
            event: The event.
        """
        self.on_before_destroy(event)

    def onIOWait(self, event: _events.WorkerEvent) -> None:
        """Logs that the worker waits for an answer.

        Args:
            event: The event.
        """
        self.on_io_wait(event)

    def onFailure(self, event: _events.WorkerExceptionEvent) -> None:
        """Logs a failure outside a job.

        Args:
            event: The event.
        """
        self.on_worker_failure(event)

    def onNoJobs(self, event: _events.WorkerEvent) -> None:
        """Logs that no server has a job.

        Args:
            event: The event.
        """
        self.on_no_jobs(event)

    def onFunctionBeforeExecute(self, functionEvent: _events.FunctionEvent) -> None:
        """Logs that a job starts.

        A handler with setLogger() is given the logger.

        Args:
            functionEvent: The event.
        """
        self.on_function_before_execute(functionEvent)

    def onFunctionAfterExecute(self, functionEvent: _events.FunctionEvent) -> None:
        """Logs that a handler has returned.

        Args:
            functionEvent: The event.
        """
        self.on_function_after_execute(functionEvent)

    def onFunctionFailure(self, event: _events.FunctionFailureEvent) -> None:
        """Logs that a job has failed.

        Args:
            event: The event.
        """
        self.on_function_failure(event)

    def onBeforeRegisterFunctions(self, registerFunctionEvent: _events.RegisterFunctionEvent) -> None:
        """Logs how many handlers there are.

        Args:
            registerFunctionEvent: The event.
        """
        self.on_before_register_functions(registerFunctionEvent)

    def onAfterRegisterFunctions(self, registerFunctionEvent: _events.RegisterFunctionEvent) -> None:
        """Logs how many handlers were registered.

        Args:
            registerFunctionEvent: The event.
        """
        self.on_after_register_functions(registerFunctionEvent)

    def _logger_setter(self, handler: Any) -> Callable[[Any], object] | None:
        """setLogger() of a handler, or set_logger(); None if it has neither."""
        return getattr(handler, "setLogger", None) or super()._logger_setter(handler)


class MaxRuntime(_subscribers.MaxRuntime):
    """Ends the worker after a time, such as '+2 hours'.

    The arguments are those of gearman_cffi.subscribers.MaxRuntime.

    Example:
            dispatcher.addSubscriber(MaxRuntime("+2 hours", logger))
    """

    @staticmethod
    def getSubscribedEvents() -> dict[str, list[str]]:
        """Returns the methods by event.

        Returns:
            The methods by event.
        """
        return {
            WorkerEvent.EVENT_BEFORE_RUN: ["onBeforeRun"],
            WorkerEvent.EVENT_AFTER_RUN: ["onAfterRun"],
            WorkerEvent.EVENT_ON_NO_JOBS: ["onNoJobs"],
        }

    def onBeforeRun(self, event: _events.WorkerEvent) -> None:
        """Logs the limit.

        Args:
            event: The event.
        """
        self.on_before_run(event)

    def onNoJobs(self, event: _events.WorkerEvent) -> None:
        """Ends the worker if its time is over.

        Args:
            event: The event.
        """
        self.on_no_jobs(event)

    def onAfterRun(self, event: _events.WorkerEvent) -> None:
        """Ends the worker if its time is over.

        Args:
            event: The event.
        """
        self.on_after_run(event)


class MemoryLimit(_subscribers.MemoryLimit):
    """Ends the worker if its memory comes near a limit, such as '128M'.

    The arguments are those of gearman_cffi.subscribers.MemoryLimit.

    Example:
            dispatcher.addSubscriber(MemoryLimit("128M", logger))
    """

    @staticmethod
    def getSubscribedEvents() -> dict[str, list[str]]:
        """Returns the methods by event.

        Returns:
            The methods by event.
        """
        return {WorkerEvent.EVENT_AFTER_RUN: ["onAfterRun"], WorkerEvent.EVENT_BEFORE_RUN: ["onBeforeRun"]}

    def onBeforeRun(self, event: _events.WorkerEvent) -> None:
        """Logs the limit.

        Args:
            event: The event.
        """
        self.on_before_run(event)

    def onAfterRun(self, event: _events.WorkerEvent) -> None:
        """Ends the worker if it uses too much memory.

        Args:
            event: The event.
        """
        self.on_after_run(event)


# --------------------------------------------------------------------------------------------------- PHP


def _strval(value: object) -> str:
    """PHP's strval(); repr() of what PHP cannot convert."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode()
    text = arguments.text(value)
    return str(value) if text is None else text


def _port(value: int | str | None) -> int:
    """PHP's (int), for what is a number; 0 for None and ""."""
    if value is None or value == "":
        return 0
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if isinstance(value, (int, float)):
        return int(value)
    raise ValueError(f"port must be a number from 1 to 65535, not {short_repr(value)}")
