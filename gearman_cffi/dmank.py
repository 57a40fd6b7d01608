"""The API of PHP's dmank/gearman: its classes, method names, defaults and habits, for programs that are ported.

    from gearman_cffi.dmank import Client, Server, ServerCollection

    servers = ServerCollection()
    servers.add(Server("127.0.0.1", "4730"))
    client = Client(servers)
    print(client.executeJob("reverse", "abc"))

The classes are thin subclasses of those in gearman_cffi, whose methods they have as well: a program can be changed from
one to the other call by call. The methods with dmank's names differ from them in three ways: the default priority is
LOW, executeJobs() and addMultipleJobs() skip items of other types, and a handler added later replaces one of the same
name.
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

        Example:
                host = server.getHost()  # new programs: server.host
        """
        return self.host

    def getPort(self) -> int:
        """Returns the port.

        Returns:
            The port.

        Example:
                port = server.getPort()  # new programs: server.port
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
            A new list.

        Example:
                for server in servers.getServers():  # new programs: for server in servers
                    print(server.getHost())
        """
        return self.get_servers()

    def count(self) -> int:
        """Counts the servers.

        Returns:
            Their number.

        Example:
                count = servers.count()  # new programs: len(servers)
        """
        return len(self)


class StringHelper:
    """PHP's serialize format.

    Example:
            assert StringHelper.isSerialized("i:5;")
    """

    @staticmethod
    def isSerialized(string: object) -> bool:
        """Whether a string is in PHP's serialize format; False for other types.

        Args:
            string: A str or bytes.

        Returns:
            True or False.

        Example:
                assert StringHelper.isSerialized("i:5;")  # new programs: gearman_cffi.is_serialized()
                assert not StringHelper.isSerialized("5")
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

        Example:
                def getJobName(self):
                    return "mail"
        """
        raise NotImplementedError(f"{type(self).__name__} must define getJobName()")

    def getWorkLoad(self) -> Any:
        """Returns the workload.

        Returns:
            The workload.

        Example:
                def getWorkLoad(self):
                    return {"to": self.address}
        """
        raise NotImplementedError(f"{type(self).__name__} must define getWorkLoad()")

    def get_job_name(self) -> str:
        """Calls getJobName(), for code that uses the names of gearman_cffi.

        Returns:
            The name of the function.

        Example:
                class Mail(JobInterface):
                    def getJobName(self):
                        return "mail"

                assert Mail().get_job_name() == "mail"
        """
        return self.getJobName()

    def get_workload(self) -> Any:
        """Calls getWorkLoad(), for code that uses the names of gearman_cffi.

        Returns:
            The workload.

        Example:
                class Mail(JobInterface):
                    def getWorkLoad(self):
                        return {"to": "anna@example.org"}

                assert Mail().get_workload() == {"to": "anna@example.org"}
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
        """Returns the workload. Text in PHP's serialize format is unserialized first.

        Returns:
            The value.

        Example:
                job = Job("mail", 'a:1:{s:2:"to";s:4:"Anna";}')
                assert job.get_workload() == {"to": "Anna"}
        """
        if not is_serialized(self._workload):
            return self._workload
        data = self._workload
        return _PHP.unserialize(data.encode() if isinstance(data, str) else bytes(data))

    def getJobName(self) -> str:
        """Returns the name of the function.

        Returns:
            The name of the function.

        Example:
                name = job.getJobName()  # new programs: job.get_job_name()
        """
        return self.get_job_name()

    def getWorkLoad(self) -> Any:
        """Returns the workload. A handler gets it unserialized.

        Returns:
            The value.

        Example:
                text = job.getWorkLoad()[::-1]  # new programs: job.get_workload()
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
            status = client.getJobStatus(handle)
            print(status.isKnown(), status.isRunning(), status.fraction)
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

        Example:
                status = JobStatus.from_answer([True, True, 1, 4])
                assert status.isRunning()
        """
        return cls(answer)

    def isKnown(self) -> bool:
        """Whether the server has the job.

        Returns:
            True or False.

        Example:
                if not client.getJobStatus(handle).isKnown():  # new programs: .is_known
                    print("the job has ended")
        """
        return self.is_known

    def isRunning(self) -> bool:
        """Whether a worker executes the job.

        Returns:
            True or False.

        Example:
                if client.getJobStatus(handle).isRunning():  # new programs: .is_running
                    print("a worker has the job")
        """
        return self.is_running

    def isCompleted(self) -> bool:
        """Whether the server neither has the job nor runs it: it is done, has failed or never was.

        Returns:
            True or False.

        Example:
                while not client.getJobStatus(handle).isCompleted():  # new programs: client.wait_for(handle)
                    time.sleep(0.1)
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
        """Names the function whose jobs are for this handler.

        Returns:
            The name.

        Example:
                def listensToJob(self):
                    return "reverse"
        """

    def listens_to_job(self) -> str:
        """Calls listensToJob(), for code that uses the names of gearman_cffi.

        Returns:
            The name of the function.

        Example:
                class Reverse(JobHandlerInterface):
                    def listensToJob(self):
                        return "reverse"

                    def execute(self, job):
                        return job.getWorkLoad()[::-1]

                assert Reverse().listens_to_job() == "reverse"
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

        Example:
                jobs = JobCollection()
                jobs.add(Reverse())
        """
        super().add(handler, replace=replace)
        if isinstance(handler, _handlers.FunctionHandler):
            handler.job_class = DmankHandlerJob

    def addMultipleJobs(self, jobs: Iterable[object]) -> int:
        """Adds several handlers. Items of other types are skipped.

        Args:
            jobs: The handlers.

        Returns:
            How many were added.

        Example:
                added = jobs.addMultipleJobs([Reverse(), "no handler"])
                assert added == 1
        """
        handlers = [job for job in jobs if isinstance(job, _handlers.JobHandlerInterface)]
        for handler in handlers:
            self.add(handler)
        return len(handlers)

    def getJobs(self) -> dict[str, _handlers.JobHandlerInterface]:
        """Returns the handlers by name.

        Returns:
            A new dict.

        Example:
                for name, handler in jobs.getJobs().items():  # new programs: jobs.get_jobs()
                    print(name, handler)
        """
        return self.get_jobs()

    def count(self) -> int:
        """Counts the handlers.

        Returns:
            Their number.

        Example:
                count = jobs.count()  # new programs: len(jobs)
        """
        return len(self)

    def getJob(self, jobName: str) -> _handlers.JobHandlerInterface | None:
        """Returns the handler that listens to this name now: each handler is asked again.

        Args:
            jobName: The name of the function.

        Returns:
            The handler, or None.

        Example:
                handler = jobs.getJob("reverse")  # new programs: jobs.get_job("reverse")
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
        """Uses this GearmanClient from now on. The next call adds the servers to it.

        Args:
            client: A gearman_cffi.ext.GearmanClient.

        Example:
                from gearman_cffi.ext import GearmanClient

                gearman_client = GearmanClient()
                gearman_client.setTimeout(10_000)  # in milliseconds; new programs: Client(servers, timeout=10)
                client = Client(servers)
                client.setImplementation(gearman_client)
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

        Example:
                assert client.executeJob("reverse", "abc") == "cba"
                client.executeJob("reverse", "abc", Client.PRIORITY_HIGH)

                # new programs: a gearman_cffi.Client, whose jobs have normal priority
                assert client.execute_job("reverse", "abc") == "cba"
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

        Example:
                handle = client.executeInBackground("mail", "anna@example.org")
                print(client.getJobStatus(handle).isKnown())

                # new programs: normal priority
                handle = client.execute_in_background("mail", "anna@example.org")
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

        Example:
                results = client.executeJobs([Job("reverse", "abc"), Job("reverse", "xyz")])
                assert results == ["cba", "zyx"]
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

        Example:
                handle = client.executeInBackground("mail", "anna@example.org")
                status = client.getJobStatus(handle)  # new programs: client.get_job_status(handle)
                print(status.isRunning())
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
        """Uses this GearmanWorker from now on. run() adds the servers and handlers to it.

        Args:
            worker: A gearman_cffi.ext.GearmanWorker.

        Example:
                from gearman_cffi.ext import GearmanWorker

                gearman_worker = GearmanWorker()
                gearman_worker.setTimeout(10_000)  # in milliseconds: run() returns if no job comes for so long
                worker = Worker(servers, jobs)
                worker.setImplementation(gearman_worker)
        """
        self.set_implementation(worker)

    def destroyWorker(self) -> None:
        """Dispatches worker.on_before_destroy and makes run() return after the current job.

        Example:
                def onAfterRun(event):
                    event.getWorkerInstance().destroyWorker()  # new programs: event.worker.destroy_worker()

                dispatcher.addListener(WorkerEvent.EVENT_AFTER_RUN, onAfterRun)
        """
        self.destroy_worker()

    def getEventDispatcher(self) -> Dispatcher:
        """Returns the dispatcher of the constructor.

        Returns:
            The dispatcher.

        Example:
                worker.getEventDispatcher().addSubscriber(Monolog(logger))  # new programs: worker.dispatcher
        """
        return self.dispatcher


class ReconnectNeeded(GearmanError):
    """dmank declares this exception and never raises it. Here it is not raised either: workers reconnect.

    Example:
            try:
                worker.run()
            except ReconnectNeeded:
                pass  # never happens: delete this clause from a program that is ported
    """


# ------------------------------------------------------------------------------------------------ events


class Event(_events.Event):
    """The base of the events, with Symfony's method names. name is set when the event is dispatched.

    Example:
            class CacheCleared(Event):
                def __init__(self, keys):
                    super().__init__()
                    self.keys = keys

            dispatcher.dispatch("cache.cleared", CacheCleared(["user-1"]))
    """

    def stopPropagation(self) -> None:
        """Keeps the remaining listeners from being called.

        Example:
                def skipLog(event):
                    if event.getJob().getJobName() == "ping":
                        event.stopPropagation()  # new programs: event.stop_propagation()

                dispatcher.addListener(FunctionEvent.FUNCTION_AFTER_EXECUTE, skipLog, 20)
        """
        self.stop_propagation()

    def isPropagationStopped(self) -> bool:
        """Whether a listener has called stopPropagation().

        Returns:
            True or False.

        Example:
                event = dispatcher.dispatch("cache.cleared", Event())
                if event.isPropagationStopped():  # new programs: event.is_propagation_stopped()
                    print("a listener has stopped it")
        """
        return self.is_propagation_stopped()


class WorkerEvent(_events.WorkerEvent, Event):
    """The worker starts, waits, has executed a job, or ends.

    Example:
            def onNoJobs(event: WorkerEvent):
                event.getWorkerInstance().destroyWorker()

            dispatcher.addListener(WorkerEvent.EVENT_ON_NO_JOBS, onNoJobs)
    """

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

        Example:
                def onAfterRun(event):
                    worker = event.getWorkerInstance()  # new programs: event.worker
                    worker.destroyWorker()

                dispatcher.addListener(WorkerEvent.EVENT_AFTER_RUN, onAfterRun)
        """
        return self.worker


class ConnectToServerEvent(_events.ConnectToServerEvent, Event):
    """The worker is about to get its servers, or has them.

    Example:
            def onConnected(event: ConnectToServerEvent):
                logger.info("%d servers", event.getServerCollection().count())

            dispatcher.addListener(ConnectToServerEvent.CONNECTED_TO_SERVER_EVENT, onConnected)
    """

    CONNECT_TO_SERVER_EVENT: Final = EventName.CONNECT_TO_SERVER
    CONNECTED_TO_SERVER_EVENT: Final = EventName.CONNECTED_TO_SERVER

    def __init__(self, serverCollection: _servers.ServerCollection) -> None:
        super().__init__("", serverCollection)

    def getServerCollection(self) -> _servers.ServerCollection:
        """Returns the worker's servers.

        Returns:
            The worker's servers.

        Example:
                def onConnect(event):
                    servers = event.getServerCollection()  # new programs: event.servers
                    servers.add(Server("10.0.0.5", 4730))

                dispatcher.addListener(ConnectToServerEvent.CONNECT_TO_SERVER_EVENT, onConnect)
        """
        return self.servers


class RegisterFunctionEvent(_events.RegisterFunctionEvent, Event):
    """The handlers are about to be registered, or have been.

    Example:
            def onRegister(event: RegisterFunctionEvent):
                logger.info("%d handlers", event.getJobs().count())

            dispatcher.addListener(RegisterFunctionEvent.EVENT_ON_AFTER_REGISTER_FUNCTIONS, onRegister)
    """

    EVENT_ON_BEFORE_REGISTER_FUNCTIONS: Final = EventName.BEFORE_REGISTER_FUNCTIONS
    EVENT_ON_AFTER_REGISTER_FUNCTIONS: Final = EventName.AFTER_REGISTER_FUNCTIONS

    def __init__(self, jobs: _handlers.JobCollection) -> None:
        super().__init__("", jobs)

    def getJobs(self) -> _handlers.JobCollection:
        """Returns the worker's handlers.

        Returns:
            The worker's handlers.

        Example:
                def onRegister(event):
                    event.getJobs().add(Reverse())  # new programs: event.jobs

                dispatcher.addListener(RegisterFunctionEvent.EVENT_ON_BEFORE_REGISTER_FUNCTIONS, onRegister)
        """
        return self.jobs


class FunctionEvent(_events.FunctionEvent, Event):
    """A handler is about to execute a job, or has returned. result is [] before the handler runs.

    Example:
            def onResult(event: FunctionEvent):
                logger.info("%s returned %r", event.getJob().getJobName(), event.getResult())

            dispatcher.addListener(FunctionEvent.FUNCTION_AFTER_EXECUTE, onResult)
    """

    FUNCTION_BEFORE_EXECUTE: Final = EventName.FUNCTION_BEFORE_EXECUTE
    FUNCTION_AFTER_EXECUTE: Final = EventName.FUNCTION_AFTER_EXECUTE

    def __init__(self, jobHandler: _handlers.JobHandlerInterface, job: Any, *result: Any) -> None:
        super().__init__("", jobHandler, job, *result)

    def getJobHandler(self) -> _handlers.JobHandlerInterface:
        """Returns the handler.

        Returns:
            The handler.

        Example:
                def onStart(event):
                    handler = event.getJobHandler()  # new programs: event.job_handler
                    logger.debug("calling %s", type(handler).__name__)

                dispatcher.addListener(FunctionEvent.FUNCTION_BEFORE_EXECUTE, onStart)
        """
        return self.job_handler

    def getJob(self) -> Any:
        """Returns the job.

        Returns:
            The job.

        Example:
                def onStart(event):
                    logger.debug("starting %s", event.getJob().getJobName())  # new programs: event.job

                dispatcher.addListener(FunctionEvent.FUNCTION_BEFORE_EXECUTE, onStart)
        """
        return self.job

    def getResult(self) -> Any:
        """Returns the result of the handler.

        Returns:
            The value.

        Example:
                def onResult(event):
                    logger.debug("returned %r", event.getResult())  # new programs: event.result

                dispatcher.addListener(FunctionEvent.FUNCTION_AFTER_EXECUTE, onResult)
        """
        return self.result


class FunctionFailureEvent(_events.FunctionFailureEvent, Event):
    """A handler has raised an exception, or a listener of the job's other events has.

    Example:
            def onFailure(event: FunctionFailureEvent):
                logger.error("%s has failed: %s", event.getJob().getJobName(), event.getException())

            dispatcher.addListener(FunctionFailureEvent.FUNCTION_ON_FAILURE, onFailure)
    """

    FUNCTION_ON_FAILURE: Final = EventName.FUNCTION_FAILURE

    def __init__(self, jobHandler: _handlers.JobHandlerInterface, exception: BaseException, job: Any = None) -> None:
        super().__init__("", jobHandler, job, exception)

    def getJobHandler(self) -> _handlers.JobHandlerInterface:
        """Returns the handler.

        Returns:
            The handler.

        Example:
                def onFailure(event):
                    handler = event.getJobHandler()  # new programs: event.job_handler
                    logger.error("%s has failed", type(handler).__name__)

                dispatcher.addListener(FunctionFailureEvent.FUNCTION_ON_FAILURE, onFailure)
        """
        return self.job_handler

    def getJob(self) -> Any:
        """Returns the job.

        Returns:
            The job.

        Example:
                def onFailure(event):
                    logger.error("%s has failed", event.getJob().getJobName())  # new programs: event.job

                dispatcher.addListener(FunctionFailureEvent.FUNCTION_ON_FAILURE, onFailure)
        """
        return self.job

    def getException(self) -> BaseException:
        """Returns the exception.

        Returns:
            The exception.

        Example:
                def onFailure(event):
                    logger.error("a job has failed", exc_info=event.getException())  # new programs: event.exception

                dispatcher.addListener(FunctionFailureEvent.FUNCTION_ON_FAILURE, onFailure)
        """
        return self.exception


class WorkerExceptionEvent(_events.WorkerExceptionEvent, Event):
    """Something has failed outside a job.

    Example:
            def onFailure(event: WorkerExceptionEvent):
                logger.critical("the worker has a problem: %s", event.getException())

            dispatcher.addListener(WorkerExceptionEvent.EVENT_ON_FAILURE, onFailure)
    """

    EVENT_ON_FAILURE: Final = EventName.WORKER_FAILURE

    def __init__(self, worker: _worker.Worker, exception: BaseException) -> None:
        super().__init__("", worker, exception)

    def getWorker(self) -> Any:
        """Returns the worker.

        Returns:
            The worker.

        Example:
                def onFailure(event):
                    event.getWorker().destroyWorker()  # new programs: event.worker

                dispatcher.addListener(WorkerExceptionEvent.EVENT_ON_FAILURE, onFailure)
        """
        return self.worker

    def getException(self) -> BaseException:
        """Returns the exception.

        Returns:
            The exception.

        Example:
                def onFailure(event):
                    logger.critical("%s", event.getException())  # new programs: event.exception

                dispatcher.addListener(WorkerExceptionEvent.EVENT_ON_FAILURE, onFailure)
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

        Example:
                event = dispatcher.dispatch("cache.cleared", Event())
                assert event.name == "cache.cleared"
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

        Example:
                dispatcher.addListener(WorkerEvent.EVENT_AFTER_RUN, lambda event: print("done"))

                # new programs
                dispatcher.add_listener(EventName.AFTER_RUN, lambda event: print("done"))
        """
        self.add_listener(eventName, listener, priority)

    def removeListener(self, eventName: str, listener: Listener) -> None:
        """Removes a listener.

        Args:
            eventName: The name of the event.
            listener: Called with the event.

        Example:
                dispatcher.addListener(WorkerEvent.EVENT_AFTER_RUN, countJob)
                dispatcher.removeListener(WorkerEvent.EVENT_AFTER_RUN, countJob)  # new programs: remove_listener()
        """
        self.remove_listener(eventName, listener)

    def getListeners(self, eventName: str) -> list[Listener]:
        """Returns the listeners for this name.

        Args:
            eventName: The name of the event.

        Returns:
            The listeners, in the order in which they are called.

        Example:
                for listener in dispatcher.getListeners("cache.cleared"):  # new programs: get_listeners()
                    print(listener)
        """
        return self.get_listeners(eventName)

    def hasListeners(self, eventName: str) -> bool:
        """Whether there is a listener for this name.

        Args:
            eventName: The name of the event.

        Returns:
            True or False.

        Example:
                if not dispatcher.hasListeners("cache.cleared"):  # new programs: has_listeners()
                    dispatcher.addListener("cache.cleared", lambda event: print(event.name))
        """
        return self.has_listeners(eventName)

    def addSubscriber(self, subscriber: Any) -> None:
        """Adds the listeners that getSubscribedEvents() names.

        Args:
            subscriber: An object with getSubscribedEvents().

        Example:
                class CountJobs:
                    count = 0

                    def getSubscribedEvents(self):
                        return {WorkerEvent.EVENT_AFTER_RUN: "onAfterRun"}

                    def onAfterRun(self, event):
                        self.count += 1

                dispatcher.addSubscriber(CountJobs())  # new programs: add_subscriber()
        """
        self.add_subscriber(subscriber)

    def removeSubscriber(self, subscriber: Any) -> None:
        """Removes the listeners that getSubscribedEvents() names.

        Args:
            subscriber: An object with getSubscribedEvents().

        Example:
                log = Monolog(logger)
                dispatcher.addSubscriber(log)
                dispatcher.removeSubscriber(log)  # new programs: remove_subscriber()
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

            # new programs
            dispatcher.add_subscriber(LoggingSubscriber(logging.getLogger("worker")))
    """

    @staticmethod
    def getSubscribedEvents() -> dict[str, list[str | int]]:
        """Names the methods that are called for the events.

        Returns:
            By event the name of a method and its priority, 10.

        Example:
                class FailuresOnly(Monolog):
                    @staticmethod
                    def getSubscribedEvents():
                        return {FunctionFailureEvent.FUNCTION_ON_FAILURE: "onFunctionFailure"}

                dispatcher.addSubscriber(FailuresOnly(logger))
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

        Example:
                class Log(Monolog):
                    def onBeforeRun(self, event):
                        logger.info("starting a worker for %s", event.getWorkerInstance().servers)
        """
        self.on_before_run(event)

    def onAfterRun(self, event: _events.WorkerEvent) -> None:
        """Logs that a job was answered.

        Args:
            event: The event.

        Example:
                class Log(Monolog):
                    def onAfterRun(self, event):
                        pass  # no line for each job
        """
        self.on_after_run(event)

    def onBeforeDestroy(self, event: _events.WorkerEvent) -> None:
        """Logs that the worker ends.

        Args:
            event: The event.

        Example:
                class Log(Monolog):
                    def onBeforeDestroy(self, event):
                        super().onBeforeDestroy(event)
                        database.close()
        """
        self.on_before_destroy(event)

    def onIOWait(self, event: _events.WorkerEvent) -> None:
        """Logs that the worker waits for an answer.

        Args:
            event: The event.

        Example:
                class Log(Monolog):
                    def onIOWait(self, event):
                        pass  # no line for each wait
        """
        self.on_io_wait(event)

    def onFailure(self, event: _events.WorkerExceptionEvent) -> None:
        """Logs a failure outside a job.

        Args:
            event: The event.

        Example:
                class Log(Monolog):
                    def onFailure(self, event):
                        super().onFailure(event)
                        alert(str(event.getException()))
        """
        self.on_worker_failure(event)

    def onNoJobs(self, event: _events.WorkerEvent) -> None:
        """Logs that no server has a job.

        Args:
            event: The event.

        Example:
                class Log(Monolog):
                    def onNoJobs(self, event):
                        pass  # no line for each wait
        """
        self.on_no_jobs(event)

    def onFunctionBeforeExecute(self, functionEvent: _events.FunctionEvent) -> None:
        """Logs that a job starts.

        A handler with setLogger() gets the logger.

        Args:
            functionEvent: The event.

        Example:
                class Log(Monolog):
                    def onFunctionBeforeExecute(self, functionEvent):
                        if functionEvent.getJob().getJobName() != "ping":
                            super().onFunctionBeforeExecute(functionEvent)
        """
        self.on_function_before_execute(functionEvent)

    def onFunctionAfterExecute(self, functionEvent: _events.FunctionEvent) -> None:
        """Logs that a handler has returned.

        Args:
            functionEvent: The event.

        Example:
                class Log(Monolog):
                    def onFunctionAfterExecute(self, functionEvent):
                        logger.info("%s: %r", functionEvent.getJob().getJobName(), functionEvent.getResult())
        """
        self.on_function_after_execute(functionEvent)

    def onFunctionFailure(self, event: _events.FunctionFailureEvent) -> None:
        """Logs that a job has failed.

        Args:
            event: The event.

        Example:
                class Log(Monolog):
                    def onFunctionFailure(self, event):
                        super().onFunctionFailure(event)
                        alert(f"{event.getJob().getJobName()}: {event.getException()}")
        """
        self.on_function_failure(event)

    def onBeforeRegisterFunctions(self, registerFunctionEvent: _events.RegisterFunctionEvent) -> None:
        """Logs how many handlers there are.

        Args:
            registerFunctionEvent: The event.

        Example:
                class Log(Monolog):
                    def onBeforeRegisterFunctions(self, registerFunctionEvent):
                        logger.debug("%d handlers", registerFunctionEvent.getJobs().count())
        """
        self.on_before_register_functions(registerFunctionEvent)

    def onAfterRegisterFunctions(self, registerFunctionEvent: _events.RegisterFunctionEvent) -> None:
        """Logs how many handlers were registered.

        Args:
            registerFunctionEvent: The event.

        Example:
                class Log(Monolog):
                    def onAfterRegisterFunctions(self, registerFunctionEvent):
                        logger.info("functions: %s", ", ".join(registerFunctionEvent.getJobs().getJobs()))
        """
        self.on_after_register_functions(registerFunctionEvent)

    def _logger_setter(self, handler: Any) -> Callable[[Any], object] | None:
        """setLogger() of a handler, or set_logger(); None if it has neither."""
        return getattr(handler, "setLogger", None) or super()._logger_setter(handler)


class MaxRuntime(_subscribers.MaxRuntime):
    """Stops the worker after some time, such as '+2 hours'.

    The arguments are those of gearman_cffi.subscribers.MaxRuntime.

    Example:
            dispatcher.addSubscriber(MaxRuntime("+2 hours", logger))

            # new programs
            dispatcher.add_subscriber(gearman_cffi.subscribers.MaxRuntime("+2 hours", logger))
    """

    @staticmethod
    def getSubscribedEvents() -> dict[str, list[str]]:
        """Names the methods that are called for the events.

        Returns:
            By event the name of a method.

        Example:
                class AfterJobsOnly(MaxRuntime):  # an idle worker goes on
                    @staticmethod
                    def getSubscribedEvents():
                        return {WorkerEvent.EVENT_AFTER_RUN: "onAfterRun"}
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

        Example:
                class Shift(MaxRuntime):
                    def onBeforeRun(self, event):
                        super().onBeforeRun(event)
                        logger.info("the shift of %s begins", os.getpid())
        """
        self.on_before_run(event)

    def onNoJobs(self, event: _events.WorkerEvent) -> None:
        """Stops the worker if its time is over.

        Args:
            event: The event.

        Example:
                class Shift(MaxRuntime):
                    def onNoJobs(self, event):
                        event.getWorkerInstance().destroyWorker()  # when there is nothing to do, it stops early
        """
        self.on_no_jobs(event)

    def onAfterRun(self, event: _events.WorkerEvent) -> None:
        """Stops the worker if its time is over.

        Args:
            event: The event.

        Example:
                class Shift(MaxRuntime):
                    def onAfterRun(self, event):
                        if datetime.now().hour not in range(8, 18):  # never stops in office hours
                            super().onAfterRun(event)
        """
        self.on_after_run(event)


class MemoryLimit(_subscribers.MemoryLimit):
    """Stops the worker if its memory comes near a limit, such as '128M'.

    The arguments are those of gearman_cffi.subscribers.MemoryLimit.

    Example:
            dispatcher.addSubscriber(MemoryLimit("512M", logger))

            # new programs
            dispatcher.add_subscriber(gearman_cffi.subscribers.MemoryLimit("512M", logger))
    """

    @staticmethod
    def getSubscribedEvents() -> dict[str, list[str]]:
        """Names the methods that are called for the events.

        Returns:
            By event the name of a method.

        Example:
                class Quiet(MemoryLimit):  # neither logs the limit nor warns at the start
                    @staticmethod
                    def getSubscribedEvents():
                        return {WorkerEvent.EVENT_AFTER_RUN: "onAfterRun"}
        """
        return {WorkerEvent.EVENT_AFTER_RUN: ["onAfterRun"], WorkerEvent.EVENT_BEFORE_RUN: ["onBeforeRun"]}

    def onBeforeRun(self, event: _events.WorkerEvent) -> None:
        """Logs the limit.

        Args:
            event: The event.

        Example:
                class AfterLoading(MemoryLimit):
                    def onBeforeRun(self, event):
                        load_model()  # its memory counts as that of the start
                        super().onBeforeRun(event)
        """
        self.on_before_run(event)

    def onAfterRun(self, event: _events.WorkerEvent) -> None:
        """Stops the worker if it uses too much memory.

        Args:
            event: The event.

        Example:
                class Collecting(MemoryLimit):
                    def onAfterRun(self, event):
                        gc.collect()
                        super().onAfterRun(event)
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
