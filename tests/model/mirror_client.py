"""GearmanClient and PHP's: random programs of calls have the same values, return codes, warnings and callbacks."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from gearman_cffi.ext import GearmanJob
from tests.model.mirror_systems import MirrorLikePhp
from tests.support import serving

EVENTS = ("Created", "Data", "Warning", "Status", "Complete", "Exception", "Fail")
ENDS = ("Complete", "Exception", "Fail")
DO = ("doNormal", "doHigh", "doLow")
DO_BACKGROUND = ("doBackground", "doHighBackground", "doLowBackground")
ADD_TASK = ("addTask", "addTaskHigh", "addTaskLow")
ADD_TASK_BACKGROUND = ("addTaskBackground", "addTaskHighBackground", "addTaskLowBackground")


def reverse(job: GearmanJob, context: object) -> bytes:
    return job.workload()[::-1]


def parts(job: GearmanJob, context: object) -> str:
    job.sendData("d1")
    job.sendStatus(1, 4)
    job.sendWarning("w")
    job.sendData("d2")
    job.sendStatus(3, 4)
    return "end"


def fail(job: GearmanJob, context: object) -> None:
    job.sendData("lost")
    job.sendFail()


def exception(job: GearmanJob, context: object) -> None:
    job.sendException("no good")


def nothing(job: GearmanJob, context: object) -> None:
    pass


FUNCTIONS: dict[str, Any] = {
    "reverse": reverse,
    "parts": parts,
    "fail": fail,
    "exception": exception,
    "nothing": nothing,
}
QUEUED = "queued"  # no worker serves it


def string(text: str) -> dict[str, str]:
    return {"s": text}


served = st.sampled_from([*FUNCTIONS]).map(string)
refused_names = st.sampled_from(["", "x" * 513]).map(string)
workloads = st.text(st.characters(max_codepoint=255), max_size=6).map(string) | st.sampled_from(
    [0, 42, -1, True, False, {"f": "1.5"}, {"f": "1e30"}, {"text": "object"}, string("x" * 9000)]
)
uniques = st.sampled_from(["", "a", "-", "#", "é", "x" * 63, "x" * 65, "a b"]).map(string)
contexts = st.sampled_from([None, True, 7, string("context"), string("")])
# What a callback returns: to go on, to pause, or an error.
returns = st.lists(
    st.sampled_from([None, 0, False, 38, 24, 20, string("38"), {"f": "38.9"}, string("text"), 4]), max_size=3
)

settings = ["setTimeout", "setOptions", "setContext", "addServer", "setDataCallback", "options"]
any_method = st.sampled_from(
    [*DO, *DO_BACKGROUND, *ADD_TASK, *settings, "ping", "jobStatus", "runTasks", "addTaskStatus"]
)
texts = ["abc", "1.5", "9" * 20, "a\0b"]
wrong: st.SearchStrategy[Any] = st.sampled_from(
    [None, [], True, 2**31, 2**40, {"object": 0}, {"f": "2.5"}, {"text": "2"}, {"text": "a"}, *map(string, texts)]
)


class ClientLikePhp(MirrorLikePhp):
    """One client, "c", with a worker in a thread that serves FUNCTIONS."""

    def __init__(self) -> None:
        super().__init__()
        self.has_server = self.has_called_early = False
        # Then libgearman may take the handle of a job for that of a status task.
        self.is_non_blocking = False
        self.pending = 0  # tasks
        self.tasks: list[str] = []
        self.handles: list[str] = []

    @initialize(with_php=st.sampled_from([True, True, True, False]), has_server=st.sampled_from([True, True, False]))
    def begin(self, with_php: bool, has_server: bool) -> None:
        self.start(with_php)
        for server in self.servers:
            self.cleanup.enter_context(serving(server, **FUNCTIONS))
        self.new("GearmanClient", "c")
        self.call("c", "setTimeout", 20000)
        if has_server:
            self.add_server()

    @precondition(lambda self: not self.has_server and (not self.has_called_early or self.may("early-calls")))
    @rule()
    def add_server(self) -> None:
        self.has_server = True
        self.call("c", "addServer", string("127.0.0.1"), {"port": 0})

    # -------------------------------------------------------------------------------------- settings

    @rule(
        method=st.sampled_from(["setOptions", "addOptions", "removeOptions"]),
        bits=st.sampled_from([0, 1, 4, 16, 32, 64, 36]),
    )
    def set_options(self, method: str, bits: int) -> None:
        self.call("c", method, bits)
        self.call("c", "options")

    @precondition(lambda self: self.may("non-blocking-do") and self.may("unbuffered") and self.may("exception-bit"))
    @rule(method=st.sampled_from(["setOptions", "addOptions"]), bits=st.sampled_from([2, 8, 10, 128, 42]))
    def set_rare_options(self, method: str, bits: int) -> None:
        self.is_non_blocking |= bool(bits & 2)
        self.call("c", method, bits)

    @rule(bits=st.sampled_from([2, 8, 10]))
    def set_options_of_another_client(self, bits: int) -> None:
        self.new("GearmanClient", "other")
        self.call("other", "setOptions", bits)
        self.call("other", "options")
        self.call("other", "removeOptions", bits)
        self.call("other", "options")

    @rule(milliseconds=st.sampled_from([-1, 20000, string("30000"), {"f": "25000.0"}, string(" 20000")]))
    def set_timeout(self, milliseconds: Any) -> None:
        self.call("c", "setTimeout", milliseconds)
        self.call("c", "timeout")

    @rule(text=workloads)
    def set_context(self, text: Any) -> None:
        self.call("c", "setContext", text, differs=("nul-in-names",))
        if text != string("") and not ("s" in text and "\0" in text["s"] if isinstance(text, dict) else False):
            self.call("c", "context")

    @rule(method=st.sampled_from(["returnCode", "error", "getErrno", "options", "timeout", "doStatus", "doJobHandle"]))
    def read(self, method: str) -> None:
        self.call("c", method)

    # ------------------------------------------------------------------------------------------- jobs

    @precondition(lambda self: not self.pending or self.may("do-between-tasks"))
    @rule(
        method=st.sampled_from(DO),
        function=served | refused_names,
        workload=workloads,
        unique=st.lists(uniques, max_size=1),
    )
    def do(self, method: str, function: Any, workload: Any, unique: list[Any]) -> None:
        self.has_called_early |= not self.has_server
        self.call("c", method, function, workload, *unique)

    @precondition(lambda self: not self.pending or self.may("do-between-tasks"))
    @rule(
        method=st.sampled_from(DO_BACKGROUND),
        function=st.sampled_from([QUEUED, "", "x" * 512, "x" * 513]).map(string),
        workload=workloads,
        unique=st.lists(uniques | st.none(), max_size=1),
    )
    def do_background(self, method: str, function: Any, workload: Any, unique: list[Any]) -> None:
        self.has_called_early |= not self.has_server
        handle = self.call("c", method, function, workload, *unique)
        if handle != string("") and "s" in handle:
            self.handles.append(handle["s"])
        self.call("c", "doJobHandle")

    @precondition(lambda self: not self.pending or self.may("do-between-tasks"))
    @precondition(lambda self: not self.is_non_blocking)
    @rule(number=st.integers(0, 20))
    def job_status(self, number: int) -> None:
        self.has_called_early |= not self.has_server
        known = [*self.handles, "H:none:1", "", "x" * 63]
        self.call("c", "jobStatus", string(known[number % len(known)]))

    @rule(unique=uniques)
    def job_status_by_unique_key(self, unique: Any) -> None:
        """PHP's client is unusable afterwards, so it is another one: unique-status."""
        self.new("GearmanClient", "asking")
        self.call("asking", "setTimeout", 20000)
        self.call("asking", "addServer", string("127.0.0.1"), {"port": 0})
        self.call("asking", "jobStatusByUniqueKey", unique)

    @precondition(lambda self: self.may("unique-status") and self.may("name-length"))
    @rule(unique=uniques | st.just(string("x" * 64)))
    def job_status_by_unique_key_of_the_client(self, unique: Any) -> None:
        self.call("c", "jobStatusByUniqueKey", unique)

    @precondition(lambda self: not self.pending or self.may("do-between-tasks"))
    @rule(data=workloads)
    def ping(self, data: Any) -> None:
        self.call("c", "ping", data)

    @precondition(lambda self: self.php is None)
    @rule()
    def wait(self) -> None:
        """Whether a connection still waits for something depends on how fast the server was, in PHP too."""
        self.call("c", "setTimeout", 20)
        self.call("c", "wait")
        self.call("c", "setTimeout", 20000)

    # ------------------------------------------------------------------------------------------- tasks

    @rule(event=st.sampled_from(EVENTS))
    def set_callback(self, event: str) -> None:
        self._set_callback(event)

    def _set_callback(self, event: str, *then: Any) -> None:
        self.call("c", f"set{event}Callback", {"callback": {"name": event, "then": list(then)}})

    @precondition(lambda self: not self.pending or self.may("clear-callbacks"))
    @rule()
    def clear_callbacks(self) -> None:
        self.call("c", "clearCallbacks")

    @precondition(lambda self: self.has_server and self.pending < 5)
    @rule(
        method=st.sampled_from(ADD_TASK),
        function=served | refused_names,
        workload=workloads,
        unique=st.sampled_from([None, "u", "x" * 65]),
    )
    def add_task(self, method: str, function: Any, workload: Any, unique: str | None) -> None:
        """With a context, by which the events of a task are recognized."""
        name = f"task {len(self.tasks)}"
        more = [] if unique is None else [string(f"{name}{unique}")]  # tasks of one key would be one job, or not
        self._keep_task(name, self.call("c", method, function, workload, string(name), *more, keep=name))

    @precondition(lambda self: self.has_server and self.pending < 5)
    @rule(method=st.sampled_from(ADD_TASK_BACKGROUND), workload=workloads, context=contexts, unique=uniques)
    def add_background_task(self, method: str, workload: Any, context: Any, unique: Any) -> None:
        name = f"task {len(self.tasks)}"
        self._keep_task(name, self.call("c", method, string(QUEUED), workload, string(name), unique, keep=name))

    def _keep_task(self, name: str, value: Any) -> None:
        if isinstance(value, dict) and "object" in value:
            self.pending += 1
            self.tasks.append(name)

    @precondition(lambda self: self.tasks)
    @rule(number=st.integers(0, 20))
    def read_task(self, number: int) -> None:
        self.step({"state of": self.tasks[number % len(self.tasks)]})

    @precondition(lambda self: self.has_server)
    @rule()
    def run_tasks(self) -> None:
        self.call("c", "runTasks")
        self.pending = 0

    @precondition(lambda self: self.has_server and not self.pending)
    @rule(
        method=st.sampled_from(ADD_TASK),
        function=served,
        event=st.sampled_from(EVENTS),
        then=returns,
        context=st.lists(contexts, max_size=1),
    )
    def run_one_task(self, method: str, function: Any, event: str, then: list[Any], context: list[Any]) -> None:
        """A callback pauses the only task, perhaps several times."""
        self._set_callback(event, *then)
        name = f"task {len(self.tasks)}"
        self._keep_task(name, self.call("c", method, function, string("word"), *context, keep=name))
        for _ in range(len(then) + 1):
            self.call("c", "runTasks")
        self._set_callback(event)
        self.pending = 0

    @precondition(lambda self: self.has_server and not self.pending)
    @rule(function=served, event=st.sampled_from(ENDS))
    def run_a_task_whose_callback_raises(self, function: Any, event: str) -> None:
        """At the last packet of the task: what comes after it is lost in PHP, and not here (callback-exception)."""
        self._run_raising(function, event)

    @precondition(lambda self: self.has_server and self.may("callback-exception"))
    @rule(function=served, event=st.sampled_from(EVENTS))
    def run_a_task_whose_callback_raises_early(self, function: Any, event: str) -> None:
        self._run_raising(function, event)

    def _run_raising(self, function: Any, event: str) -> None:
        self._set_callback(event, {"raise": "from the callback"})
        name = f"task {len(self.tasks)}"
        self._keep_task(name, self.call("c", "addTask", function, string("word"), keep=name))
        self.call("c", "runTasks")
        self.call("c", "runTasks")
        self._set_callback(event)
        self.pending = 0

    @precondition(lambda self: self.has_server and not self.pending and not self.is_non_blocking)
    @rule(number=st.integers(0, 20), with_context=st.booleans())
    def run_a_status_task(self, number: int, with_context: bool) -> None:
        known = [*self.handles, "H:none:1"]
        handle = string(known[number % len(known)])
        context = [string("context")] if with_context else []
        self._keep_task("status", self.call("c", "addTaskStatus", handle, *context, keep="status"))
        self.call("c", "runTasks")
        self.pending = 0

    @precondition(lambda self: self.has_server and self.may("status-tasks") and not self.is_non_blocking)
    @rule(handle=st.sampled_from(["H:none:1", "", "x" * 64]))
    def add_task_status(self, handle: str) -> None:
        self.call("c", "addTaskStatus", string(handle))

    # ---------------------------------------------------------------------------------- wrong arguments

    @rule(method=any_method, arguments=st.lists(wrong, max_size=5))
    def call_with_wrong_arguments(self, method: str, arguments: list[Any]) -> None:
        """Of a client without servers, whose state does not matter afterwards."""
        if method == "addServer" and (not arguments or arguments[0] != []):
            return  # it might connect to a server of this machine
        self.new("GearmanClient", "wrong")
        self.call("wrong", method, *arguments, differs=("argument-types", "nul-in-names", "out-of-range"))

    def check_afterwards(self) -> None:
        """With usual options, the client runs what is left, and then a job."""
        mirror = self.mirror.objects.get("c")
        if mirror is None:
            return
        mirror.setOptions(32)
        mirror.setTimeout(20000)
        if not self.has_server:
            mirror.addServer("127.0.0.1", self.server.port)
        if not mirror.runTasks():
            self.fail(f"afterwards runTasks() fails with {mirror.returnCode()} {mirror.error()}")
        if mirror.doNormal("reverse", "abc") != b"cba":
            self.fail(f"afterwards doNormal() fails with {mirror.returnCode()} {mirror.error()}")
