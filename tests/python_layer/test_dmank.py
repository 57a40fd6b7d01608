"""gearman_cffi.dmank: every name of PHP's dmank/gearman 3.3.0, with its defaults and habits."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

import pytest

import gearman_cffi
from gearman_cffi import dmank
from gearman_cffi.dmank import (
    Client,
    ConnectToServerEvent,
    Event,
    EventDispatcher,
    FunctionEvent,
    FunctionFailureEvent,
    Job,
    JobCollection,
    JobHandlerInterface,
    JobInterface,
    JobStatus,
    MaxRuntime,
    MemoryLimit,
    Monolog,
    RegisterFunctionEvent,
    Server,
    ServerCollection,
    StringHelper,
    Worker,
    WorkerEvent,
    WorkerExceptionEvent,
)
from gearman_cffi.ext import GearmanClient
from gearman_cffi.testing import Gearmand, LocalGearman
from tests.python_layer.conftest import StartWorker, echo
from tests.python_layer.workers import Trace, recorded_events, running_already
from tests.support import wait_until

# Every class with its constructor's parameters (None: an interface), its methods and its constants.
NAMES: dict[str, tuple[str | None, str, dict[str, object]]] = {
    "Client": (
        "servers",
        "setImplementation getJobStatus executeInBackground executeJob executeJobs",
        {"PRIORITY_LOW": 0, "PRIORITY_NORMAL": 1, "PRIORITY_HIGH": 2},
    ),
    "Job": ("job_name workload", "getJobName getWorkLoad", {}),
    "JobCollection": ("", "add addMultipleJobs getJobs getJob count", {}),
    "JobHandlerInterface": (None, "execute listensToJob", {}),
    "JobInterface": (None, "getJobName getWorkLoad", {}),
    "JobStatus": ("status", "isKnown isRunning isCompleted", {}),
    "Server": ("host port", "getHost getPort", {}),
    "ServerCollection": ("", "add getServers count", {}),
    "StringHelper": (None, "isSerialized", {}),
    "Worker": ("servers jobs dispatcher", "setImplementation run getEventDispatcher destroyWorker", {}),
    "NoFunctionGiven": (None, "", {}),
    "ReconnectNeeded": (None, "", {}),
    "RegisterFunctionEvent": (
        "jobs",
        "getJobs",
        {
            "EVENT_ON_BEFORE_REGISTER_FUNCTIONS": "worker.on_before_register_functions",
            "EVENT_ON_AFTER_REGISTER_FUNCTIONS": "worker.on_after_register_functions",
        },
    ),
    "FunctionFailureEvent": (
        "jobHandler exception job",
        "getJobHandler getJob getException",
        {"FUNCTION_ON_FAILURE": "worker.function.on_failure"},
    ),
    "WorkerExceptionEvent": ("worker exception", "getException getWorker", {"EVENT_ON_FAILURE": "worker.on_failure"}),
    "FunctionEvent": (
        "jobHandler job result",
        "getResult getJobHandler getJob",
        {
            "FUNCTION_BEFORE_EXECUTE": "worker.function.before_execute",
            "FUNCTION_AFTER_EXECUTE": "worker.function.after_execute",
        },
    ),
    "Monolog": (
        "logger",
        "getSubscribedEvents onBeforeRun onAfterRun onBeforeDestroy onIOWait onFailure onNoJobs "
        "onFunctionBeforeExecute onFunctionAfterExecute onFunctionFailure onBeforeRegisterFunctions "
        "onAfterRegisterFunctions",
        {},
    ),
    "MemoryLimit": ("limit logger", "getSubscribedEvents onBeforeRun onAfterRun", {}),
    "MaxRuntime": ("max_runtime logger", "getSubscribedEvents onBeforeRun onNoJobs onAfterRun", {}),
    "WorkerEvent": (
        "workerInstance",
        "getWorkerInstance",
        {
            "EVENT_BEFORE_RUN": "worker.before_run",
            "EVENT_AFTER_RUN": "worker.after_run",
            "EVENT_ON_IO_WAIT": "worker.on_io_wait",
            "EVENT_ON_NO_JOBS": "worker.on_no_jobs",
            "EVENT_ON_WORK": "worker.on_work",
            "EVENT_ON_BEFORE_DESTROY": "worker.on_before_destroy",
        },
    ),
    "ConnectToServerEvent": (
        "serverCollection",
        "getServerCollection",
        {
            "CONNECT_TO_SERVER_EVENT": "worker.server_on_connect",
            "CONNECTED_TO_SERVER_EVENT": "worker.server_on_connected",
        },
    ),
}


EXCEPTIONS = {"NoFunctionGiven", "ReconnectNeeded"}  # which have the methods of PHP's exceptions


class Handler(JobHandlerInterface):
    """A handler as it is written for dmank."""

    def __init__(self, name: str, execute: Callable[[Any], Any]) -> None:
        self._name = name
        self._execute = execute

    def execute(self, job: Any) -> Any:
        return self._execute(job)

    def listensToJob(self) -> str:  # noqa: N802
        return self._name


def servers_of(gearmand: Gearmand) -> ServerCollection:
    servers = ServerCollection()
    servers.add(Server(gearmand.host, str(gearmand.port)))
    return servers


class TestNames:
    @pytest.mark.parametrize("name", NAMES)
    def test_each_is_there(self, name: str) -> None:
        """With the parameters of the constructor in dmank's order, and dmank's values of the constants."""
        constructor, methods, constants = NAMES[name]
        kind = getattr(dmank, name)
        assert name in dmank.__all__
        for method in methods.split():
            assert callable(getattr(kind, method)), method
        for constant, value in constants.items():
            assert getattr(kind, constant) == value
        if constructor is not None:
            parameters = list(inspect.signature(kind.__init__).parameters)[1:]
            assert parameters[: len(constructor.split())] == constructor.split()

    def test_none_is_left_out(self) -> None:
        """dmank/gearman has 21 classes and interfaces, 16 constructors, 59 other methods and 17 constants."""
        assert len(NAMES) == 21
        assert sum(constructor is not None for constructor, _, _ in NAMES.values()) == 16
        assert sum(len(methods.split()) for _, methods, _ in NAMES.values()) == 59
        assert sum(len(constants) for _, _, constants in NAMES.values()) == 17

    @pytest.mark.parametrize(
        "name", sorted(set(NAMES) & {*gearman_cffi.__all__, *gearman_cffi.events.__all__} - EXCEPTIONS)
    )
    def test_the_core_has_one_set_of_names(self, name: str) -> None:
        kind = getattr(gearman_cffi, name, None) or getattr(gearman_cffi.events, name)
        assert [one for one in dir(kind) if one != one.lower() and not one.startswith("_")] == []

    def test_what_is_imported_of_the_page(self) -> None:
        names: dict[str, Any] = {}
        exec("from gearman_cffi.dmank import *", names)
        assert set(names) - {"__builtins__"} == set(dmank.__all__)


class TestServers:
    @pytest.mark.parametrize(
        ("arguments", "host", "port"),
        [
            ((), "127.0.0.1", 4730),
            (("h",), "h", 4730),
            (("h", 1), "h", 1),
            (("h", "4731"), "h", 4731),
            (("h", " 99 "), "h", 99),
            (("h", 99.0), "h", 99),
            (("h", None), "h", 4730),
            (("h", ""), "h", 4730),
            (("h", "0"), "h", 4730),
            ((None, 5), "127.0.0.1", 5),
            (("", 0), "127.0.0.1", 4730),
        ],
    )
    def test_server(self, arguments: Any, host: str, port: int) -> None:
        server = Server(*arguments)
        assert (server.getHost(), server.getPort()) == (host, port)

    @pytest.mark.parametrize("port", ["99abc", "abc", "-1", -1, 65536, [1], b"1"])
    def test_invalid_ports(self, port: Any) -> None:
        with pytest.raises(ValueError, match="port must be"):
            Server("h", port)

    def test_collection(self) -> None:
        servers = ServerCollection()
        assert servers.count() == 0
        one, two = Server("a", 1), Server("b", 2)
        for server in (one, one, two):
            servers.add(server)
        assert servers.count() == len(servers) == 3
        assert servers.getServers() == [one, one, two]
        with pytest.raises(TypeError, match="expected a Server"):
            servers.add("localhost")  # type: ignore[arg-type]


class TestJobs:
    @pytest.mark.parametrize(
        ("workload", "read"),
        [
            ("foo", "foo"),
            ('s:3:"foo";', "foo"),
            (b's:3:"foo";', "foo"),
            ('a:1:{s:1:"a";i:1;}', {"a": 1}),
            ("b:0;", False),
            ("N;", None),
            ('s:10:"s:3:"foo";";', 's:3:"foo";'),
            ([1, 2], [1, 2]),
            (7, 7),
            (None, None),
            (False, False),
            ("", ""),
            ("5", "5"),
            ("i:5;", 5),
        ],
    )
    def test_workload(self, workload: Any, read: Any) -> None:
        """It is unserialized once."""
        assert Job("n", workload).getWorkLoad() == Job("n", workload).get_workload() == read

    @pytest.mark.parametrize(
        ("name", "text"),
        [(5, "5"), (1.5, "1.5"), (2.0, "2"), (None, ""), (True, "1"), (False, ""), ("é", "é"), (b"x", "x")],
    )
    def test_name(self, name: Any, text: str) -> None:
        assert Job(name, "x").getJobName() == text

    @pytest.mark.parametrize(
        ("status", "known", "running"),
        [
            ([], False, False),
            ([True, True, 1, 2], True, True),
            ([True, False, 0, 0], True, False),
            ([False, False, 0, 0], False, False),
            ([False, True], False, True),
            ([1, 0], True, False),
            (["", "0"], False, False),
            (["x"], True, False),
            ({1: True}, False, True),
            ([None, None], False, False),
            ((True, True), True, True),
        ],
    )
    def test_status(self, status: Any, known: bool, running: bool) -> None:
        read = JobStatus(status)
        assert (read.isKnown(), read.isRunning(), read.isCompleted()) == (known, running, not known and not running)
        assert JobStatus().isCompleted()

    @pytest.mark.parametrize("status", [None, "x", b"x", 5, True])
    def test_invalid_statuses(self, status: Any) -> None:
        with pytest.raises(TypeError, match="a list such as jobStatus"):
            JobStatus(status)

    def test_status_of_the_mirror(self, shared_gearmand: Gearmand) -> None:
        """new JobStatus($client->jobStatus($handle))."""
        client = GearmanClient()
        client.addServer(shared_gearmand.host, shared_gearmand.port)
        status = JobStatus(client.jobStatus(client.doBackground("never", "x")))
        assert status.isKnown()
        assert not status.isRunning()
        assert (status.numerator, status.denominator) == (0, 0)

    def test_string_helper(self) -> None:
        assert StringHelper.isSerialized("i:5;")
        assert not StringHelper.isSerialized("five")
        assert not StringHelper.isSerialized(5)


class TestJobCollection:
    def test_habits(self) -> None:
        """A later handler of a name replaces the earlier one in its place; items that are not handlers are skipped."""
        jobs = JobCollection()
        first, second = Handler("a", str), Handler("a", repr)
        jobs.add(first)
        jobs.add(Handler("b", str))
        jobs.add(second)
        assert jobs.count() == 2
        assert list(jobs.getJobs()) == ["a", "b"]
        assert jobs.getJob("a") is second
        assert jobs.getJob("z") is None
        assert jobs.addMultipleJobs([Handler("c", str), "no handler", None, Handler("d", str), Handler("c", str)]) == 3
        assert list(jobs.getJobs()) == ["a", "b", "c", "d"]
        assert jobs.addMultipleJobs([]) == 0
        with pytest.raises(TypeError, match="JobHandlerInterface"):
            jobs.add("a")  # type: ignore[arg-type]

    def test_a_handler_must_say_what_it_listens_to(self) -> None:
        class Half(JobHandlerInterface):
            def execute(self, job: Any) -> Any: ...

        with pytest.raises(TypeError, match="listensToJob"):
            Half()  # type: ignore[abstract]


class TestClient:
    def test_the_default_priority_is_low(self, gearmand: Gearmand) -> None:
        """Of dmank's methods; that of the core is NORMAL."""
        with Client(servers_of(gearmand), timeout=10) as client:
            client.executeInBackground("low", 1)
            client.executeInBackground("normal", 1, Client.PRIORITY_NORMAL)
            client.execute_in_background("normal_too", 1)
        assert sorted(gearmand.ask("prioritystatus").splitlines()[:-1]) == [
            "low\t0\t0\t1\t0",
            "normal\t0\t1\t0\t0",
            "normal_too\t0\t1\t0\t0",
        ]

    def test_jobs(self, shared_gearmand: Gearmand, start_worker: StartWorker) -> None:
        start_worker(dmank_echo=echo)
        with Client(servers_of(shared_gearmand), timeout=10) as client:
            assert client.executeJob("dmank_echo", {"a": [1]}) == {"a": [1]}
            handle = client.executeInBackground("nobody", "x")
            assert isinstance(client.getJobStatus(handle), JobStatus)
            assert client.getJobStatus(handle).isKnown()
            assert client.getJobStatus("H:none:1").isCompleted()

    def test_items_that_are_not_jobs_are_skipped(self, shared_gearmand: Gearmand, start_worker: StartWorker) -> None:
        class Own(JobInterface):
            def getJobName(self) -> str:  # noqa: N802
                return "dmank_many"

            def getWorkLoad(self) -> Any:  # noqa: N802
                return "own"

        start_worker(dmank_many=echo)
        with Client(servers_of(shared_gearmand), timeout=10) as client:
            jobs = ["no job", Job("dmank_many", "a"), None, gearman_cffi.Job("dmank_many", "b"), object(), Own()]
            assert client.executeJobs(jobs) == ["a", "b", "own"]
            assert client.executeJobs([]) == []
            with pytest.raises(gearman_cffi.InvalidJob):
                client.execute_jobs(jobs)  # type: ignore[arg-type]

    def test_set_implementation(self, shared_gearmand: Gearmand) -> None:
        given = GearmanClient()
        client = Client(servers_of(shared_gearmand), timeout=10)
        client.setImplementation(given)
        assert client.executeInBackground("given", 1).startswith("H:test:")
        assert given.timeout() == 10_000


class TestWorker:
    def test_a_ported_program(self, gearmand: Gearmand) -> None:
        """Handlers, listeners and subscribers by dmank's names; the objects have dmank's methods."""
        seen: list[Any] = []

        class Subscriber:
            @staticmethod
            def getSubscribedEvents() -> dict[str, Any]:  # noqa: N802
                return {
                    FunctionEvent.FUNCTION_BEFORE_EXECUTE: "onBefore",
                    FunctionEvent.FUNCTION_AFTER_EXECUTE: ["onAfter", 5],
                    FunctionFailureEvent.FUNCTION_ON_FAILURE: [["onFailure", 1]],
                }

            def onBefore(self, event: FunctionEvent) -> None:  # noqa: N802
                seen.append(("before", event.getJob().getJobName(), event.getJob().getWorkLoad(), event.getResult()))

            def onAfter(self, event: FunctionEvent) -> None:  # noqa: N802
                seen.append(("after", event.getJobHandler().listensToJob(), event.getResult()))  # type: ignore[attr-defined]

            def onFailure(self, event: FunctionFailureEvent) -> None:  # noqa: N802
                seen.append(("failure", event.getJob().getJobName(), str(event.getException())))

        def fail(job: Any) -> None:
            raise RuntimeError("broken")

        jobs = JobCollection()
        jobs.add(Handler("upper", lambda job: job.getWorkLoad().upper()))
        jobs.add(Handler("fail", fail))
        dispatcher = EventDispatcher()
        dispatcher.addSubscriber(Subscriber())
        worker = Worker(servers_of(gearmand), jobs, dispatcher)
        assert worker.getEventDispatcher() is dispatcher
        events: list[Event] = []
        for name in ("worker.before_run", "worker.server_on_connect", "worker.on_before_register_functions"):
            dispatcher.addListener(name, events.append)
        with running_already(worker), Client(servers_of(gearmand), timeout=10) as client:
            assert client.executeJob("upper", "abc") == "ABC"
            with pytest.raises(gearman_cffi.JobException, match="broken"):
                client.executeJob("fail", "x")
            wait_until(lambda: len(seen) == 4, "the events have come")
        assert seen == [
            ("before", "upper", "abc", []),
            ("after", "upper", "ABC"),
            ("before", "fail", "x", []),
            ("failure", "fail", "broken"),
        ]
        before_run, connect, register = events
        assert isinstance(before_run, WorkerEvent)
        assert before_run.getWorkerInstance() is worker
        assert isinstance(connect, ConnectToServerEvent)
        assert connect.getServerCollection() is worker.servers
        assert isinstance(register, RegisterFunctionEvent)
        assert register.getJobs() is jobs

    def test_destroy_worker_from_a_listener(self, gearmand: Gearmand) -> None:
        dispatcher = EventDispatcher()
        dispatcher.addListener(WorkerEvent.EVENT_AFTER_RUN, lambda event: event.getWorkerInstance().destroyWorker())
        ended: list[str] = []
        dispatcher.addListener(WorkerEvent.EVENT_ON_BEFORE_DESTROY, lambda event: ended.append(event.name))
        Client(servers_of(gearmand), timeout=10).executeInBackground("once", 1)
        Worker(servers_of(gearmand), [Handler("once", lambda job: None)], dispatcher).run()
        assert ended == ["worker.on_before_destroy"]

    @pytest.mark.parametrize("scenario", ["a handler that returns", "a handler that raises"])
    def test_the_order_of_events(self, gearmand: Gearmand, scenario: str) -> None:
        """It is the one that was recorded in PHP; the events are dmank's classes."""

        def execute(job: Any) -> str:
            if scenario == "a handler that raises":
                raise RuntimeError("handler broke")
            return "abc"

        trace = Trace()
        trace.add_listener(WorkerEvent.EVENT_AFTER_RUN, lambda event: event.getWorkerInstance().destroyWorker(), -100)
        Client(servers_of(gearmand), timeout=10).executeInBackground("job", "x")
        Worker(servers_of(gearmand), [Handler("job", execute)], trace).run()
        assert trace.lines() == recorded_events(scenario)
        assert {type(event).__module__ for event in trace.events} == {"gearman_cffi.dmank"}

    def test_no_functions(self, gearmand: Gearmand) -> None:
        with pytest.raises(dmank.NoFunctionGiven):
            Worker(servers_of(gearmand), JobCollection(), EventDispatcher()).run()

    def test_subscribers(self, gearmand: Gearmand, caplog: pytest.LogCaptureFixture) -> None:
        """Monolog gives its logger to a handler with setLogger(); MaxRuntime ends the worker."""
        logger = logging.getLogger("ported")
        caplog.set_level(logging.DEBUG, "ported")

        class Aware(Handler):
            def setLogger(self, logger: Any) -> None:  # noqa: N802
                self.logger = logger

        aware = Aware("aware", lambda job: aware.logger.info("it has it"))
        dispatcher = EventDispatcher()
        dispatcher.addSubscriber(Monolog(logger))
        dispatcher.addSubscriber(MaxRuntime("-1 second", logger))
        dispatcher.addSubscriber(MemoryLimit("100G", logger))
        Client(servers_of(gearmand), timeout=10).executeInBackground("aware", 1)
        Worker(servers_of(gearmand), [aware], dispatcher).run()
        messages = [record.getMessage() for record in caplog.records if "idling" not in record.getMessage()]
        assert messages[:10] == [
            "Starting Worker",
            "If the max runtime of -1 second is exceeded, i will stop the worker.",
            "i will stop the worker when the memory limit of 100G is exceeded.",
            "I got 1 jobs",
            "Added 1 jobs to the Worker",
            "Im starting working on job aware",
            "Setting Logger to Job",
            "it has it",
            "I successfully finished my work on job aware",
            "Finished work.",
        ]
        assert messages[10].startswith("Max Runtime exceeded.")
        assert messages[11:] == ["Destroying worker."]

    def test_what_the_subscribers_listen_to(self) -> None:
        """As dmank has it, priorities included."""
        assert {name: tuple(method) for name, method in Monolog.getSubscribedEvents().items()} == {
            "worker.before_run": ("onBeforeRun", 10),
            "worker.on_before_destroy": ("onBeforeDestroy", 10),
            "worker.after_run": ("onAfterRun", 10),
            "worker.on_io_wait": ("onIOWait", 10),
            "worker.on_after_register_functions": ("onAfterRegisterFunctions", 10),
            "worker.on_before_register_functions": ("onBeforeRegisterFunctions", 10),
            "worker.on_failure": ("onFailure", 10),
            "worker.on_no_jobs": ("onNoJobs", 10),
            "worker.function.before_execute": ("onFunctionBeforeExecute", 10),
            "worker.function.after_execute": ("onFunctionAfterExecute", 10),
            "worker.function.on_failure": ("onFunctionFailure", 10),
        }
        assert MaxRuntime.getSubscribedEvents() == {
            "worker.before_run": ["onBeforeRun"],
            "worker.after_run": ["onAfterRun"],
            "worker.on_no_jobs": ["onNoJobs"],
        }
        assert MemoryLimit.getSubscribedEvents() == {
            "worker.after_run": ["onAfterRun"],
            "worker.before_run": ["onBeforeRun"],
        }

    def test_an_overridden_method_of_a_subscriber(self, gearmand: Gearmand) -> None:
        class Own(MaxRuntime):
            ends = 0

            def onAfterRun(self, event: Any) -> None:  # noqa: N802
                self.ends += 1
                event.getWorkerInstance().destroyWorker()

        own, dispatcher = Own("+2 hours"), EventDispatcher()
        dispatcher.addSubscriber(own)
        Client(servers_of(gearmand), timeout=10).executeInBackground("f", 1)
        Worker(servers_of(gearmand), [Handler("f", lambda job: None)], dispatcher).run()
        assert own.ends == 1

    def test_handlers_without_the_ported_worker(self) -> None:
        """The command and LocalGearman have Workers of their own: these handlers get dmank's jobs there too."""
        jobs = JobCollection()
        jobs.add(Handler("name", lambda job: [job.getJobName(), job.getWorkLoad(), isinstance(job, Job)]))

        @jobs.handler("function")
        def function(job: Any) -> Any:
            return job.getJobName()

        with LocalGearman(jobs) as local:
            assert local.client.execute_job("name", {"a": 1}) == ["name", {"a": 1}, True]
            assert local.client.execute_job("function", 1) == "function"


class TestEvents:
    def test_constructors(self) -> None:
        """In dmank's order, for tests of listeners."""
        worker, handler, job, error = Worker("h", []), Handler("f", str), Job("f", "w"), ValueError("x")
        assert WorkerEvent(worker).getWorkerInstance() is worker
        assert FunctionEvent(handler, job).getResult() == []
        after = FunctionEvent(handler, job, "result")
        assert (after.getJobHandler(), after.getJob(), after.getResult()) == (handler, job, "result")
        failure = FunctionFailureEvent(handler, error, job)
        assert (failure.getJobHandler(), failure.getJob(), failure.getException()) == (handler, job, error)
        assert FunctionFailureEvent(handler, error).getJob() is None
        exception = WorkerExceptionEvent(worker, error)
        assert (exception.getWorker(), exception.getException()) == (worker, error)

    def test_dispatcher(self) -> None:
        dispatcher, seen = EventDispatcher(), list[str]()
        dispatcher.addListener("x", lambda event: seen.append(f"second {event.name}"))
        dispatcher.addListener("x", lambda event: seen.append("first"), 10)
        dispatcher.addListener("x", lambda event: event.stopPropagation(), -5)
        dispatcher.addListener("x", seen.append, -10)
        event = dispatcher.dispatch("x")
        assert isinstance(event, Event)
        assert event.isPropagationStopped()
        assert seen == ["first", "second x"]
        assert dispatcher.hasListeners("x")
        assert len(dispatcher.getListeners("x")) == 4
        dispatcher.removeListener("x", seen.append)
        assert len(dispatcher.getListeners("x")) == 3
        own = WorkerEvent(Worker("h", []))
        assert dispatcher.dispatch("y", own) is own
        assert own.name == "y"

    def test_subscribers_are_removed(self) -> None:
        dispatcher, limit = EventDispatcher(), MaxRuntime()
        dispatcher.addSubscriber(limit)
        assert dispatcher.getListeners("worker.after_run") == [limit.onAfterRun]
        dispatcher.removeSubscriber(limit)
        assert not dispatcher.hasListeners("worker.after_run")
        with pytest.raises(TypeError, match="is not a subscriber"):
            dispatcher.addSubscriber(object())
