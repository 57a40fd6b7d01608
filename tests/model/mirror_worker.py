"""GearmanWorker and PHP's: random programs have the same values, return codes, warnings and jobs, and send the same."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.model.mirror_steps import RuntimeException
from tests.model.mirror_systems import MirrorLikePhp
from tests.model.submitter import Submitter

# 2.1.0 sends this text for each exception, 2.2.1 that of the exception.
_EARLIER_EXCEPTION = [b"Unable to add worker function"]


def string(text: str) -> dict[str, str]:
    return {"s": text}


names = st.sampled_from(["f", "g", "h"])
contexts = st.sampled_from([None, True, 7, string("context")])
data = st.text(st.characters(max_codepoint=255), max_size=6).map(string) | st.sampled_from([0, -1, True, {"f": "1.5"}])
numbers = st.sampled_from([0, 1, -1, 2**32, string("7"), {"f": "2.0"}])
calls: st.SearchStrategy[Any] = st.one_of(
    st.tuples(st.sampled_from(["sendData", "sendWarning", "sendComplete", "sendException"]), st.tuples(data)),
    st.tuples(st.just("sendStatus"), st.tuples(numbers, numbers)),
    st.tuples(st.just("sendFail"), st.just(())),
    st.tuples(st.just("setReturn"), st.tuples(st.sampled_from([0, 24, 4, 20, 53, 54, -1]))),
    st.tuples(st.sampled_from(["sendData", "sendStatus", "setReturn"]), st.tuples(st.just([]))),  # a TypeError
)
outcomes = st.sampled_from(
    [None, string("result"), string(""), string("a\0\xff"), 0, 42, True, False, {"f": "1.5"}, {"raise": "no good"}]
)


class WorkerLikePhp(MirrorLikePhp):
    """One worker, "w". Clients wait for its jobs, and show what it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.clients: list[Submitter] = []
        self.served: set[str] = set()
        self.twice: set[str] = set()  # functions that were added again
        self.removed: set[str] = set()
        self.queued: dict[str, str] = {}  # the functions of waiting jobs, by their handles
        self.has_slept = False

    @initialize(with_php=st.sampled_from([True, True, True, False]))
    def begin(self, with_php: bool) -> None:
        self.start(with_php)
        for server in self.servers:
            client = Submitter(server)
            self.cleanup.callback(client.close)
            self.clients.append(client)
        self.new("GearmanWorker", "w")
        self.call("w", "addServer", string("127.0.0.1"), {"port": 0})
        self.call("w", "setTimeout", 20000)

    # -------------------------------------------------------------------------------------- settings

    @rule(
        method=st.sampled_from(["setOptions", "addOptions", "removeOptions"]),
        bits=st.sampled_from([0, 1, 4, 128, 132, 640, 644]),
    )
    def set_options(self, method: str, bits: int) -> None:
        self.call("w", method, bits)
        self.call("w", "options", differs=("removed-functions",))
        self.call("w", "timeout")
        self.call("w", "setTimeout", 20000)

    @rule(method=st.sampled_from(["returnCode", "getErrno", "timeout"]))
    def read(self, method: str) -> None:
        self.call("w", method)

    @precondition(lambda self: self.php is None or not self.mirror.objects["w"].returnCode())  # error() may be cleared
    @rule(name=st.sampled_from(["name", "", "a b", "é", "x" * 254, "x" * 255]))
    def set_id(self, name: str) -> None:
        self.call("w", "setId", string(name))

    @precondition(lambda self: not self.has_slept or self.may("ping-of-a-worker"))
    @rule(text=data)
    def ping(self, text: Any) -> None:
        self.call("w", "ping", text)

    # ------------------------------------------------------------------------------------- functions

    @rule(name=names, calls=st.lists(calls, max_size=4), then=outcomes, context=st.lists(contexts, max_size=1))
    def add_function(self, name: str, calls: list[Any], then: Any, context: list[Any]) -> None:
        if name in self.removed and not self.may("removed-functions"):
            return
        function = {"function": {"calls": [[method, list(what)] for method, what in calls], "then": then}}
        self.call("w", "addFunction", string(name), function, *context)
        if name in self.served:
            self.twice.add(name)
        self.served.add(name)

    @rule(name=st.sampled_from(["", "x" * 513]))
    def add_a_function_that_is_refused(self, name: str) -> None:
        self.call("w", "addFunction", string(name), {"function": {"calls": [], "then": None}})
        self.call("w", "register", string(name))

    @rule(name=names, callback=st.sampled_from([None, 5, string("no function")]))
    def add_what_is_no_function(self, name: str, callback: Any) -> None:
        self.call("w", "addFunction", string(name), callback)

    @rule(name=names)
    def unregister(self, name: str) -> None:
        if (name in self.twice or self.served == {name}) and not self.may("removed-functions"):
            return
        if name in self.served:
            self.call("w", "unregister", string(name))
            self.removed.add(name)
            self.served.discard(name)

    @rule(name=names, method=st.sampled_from(["unregister", "unregisterAll"]))
    def unregister_what_is_not_registered(self, name: str, method: str) -> None:
        """On another worker, whose error() does not matter afterwards (error-after-success)."""
        self.new("GearmanWorker", "other")
        self.call("other", method, *[string(name)][: method == "unregister"], differs=("null-text",))

    @precondition(lambda self: self.may("removed-functions"))
    @rule()
    def unregister_all(self) -> None:
        self.call("w", "unregisterAll")
        self.served.clear()

    # ------------------------------------------------------------------------------------------ jobs

    @rule(name=names, unique=st.sampled_from(["", "u", "é"]), workload=st.binary(min_size=1, max_size=5))
    def submit(self, name: str, unique: str, workload: bytes) -> None:
        handles = [client.submit(name.encode(), unique.encode(), workload) for client in self.clients]
        if len(set(handles)) != 1:
            self.fail(f"different handles: {handles}")
        self.queued[handles[0].decode()] = name

    @rule()
    def work(self) -> None:
        """Runs a job if there is one that the worker can run."""
        waits = self.served.intersection(self.queued.values())
        if not waits:
            self.has_slept = True
        self.call("w", "setTimeout", 20000 if waits else 200)
        answer = self.step({"on": "w", "call": "work", "with": []})
        jobs = [event[2] for event in answer["events"] if event[1] == "job"]
        if bool(jobs) != bool(waits):
            self.fail(f"work() has run {jobs}, and of {waits} there was a job")
        for job in jobs:
            self._compare_answers(job[4]["s"])
        if jobs and answer["value"] is not True and self.php is not None:
            self._call_phantom_work()

    def _call_phantom_work(self) -> None:
        """phantom-success: after a job that failed PHP's work() returns true once without running a job."""
        assert self.php is not None
        self.php.send({"on": "w", "call": "work", "with": []})
        phantom = self.php.receive()
        if phantom["value"] is not True or phantom["events"]:
            self.fail(f"PHP's work() after a job that failed: {phantom}")
        self.call("w", "setTimeout", 200)  # the mirror's return code is that of the job
        self.step({"on": "w", "call": "work", "with": []})

    def _compare_answers(self, handle: str) -> None:
        del self.queued[handle]
        ours, *theirs = ([*client.answers(handle.encode())] for client in self.clients)
        for answers in theirs:
            if answers and answers[-1] == ("WORK_EXCEPTION", _EARLIER_EXCEPTION) and ours[-1][0] == "WORK_EXCEPTION":
                answers[-1] = ours[-1]
            if answers != ours:
                self.fail(f"PHP sends {answers}, the mirror {ours}")

    def check_afterwards(self) -> None:
        """The worker runs a new job."""
        mirror = self.mirror.objects.get("w")
        if mirror is None:
            return
        done: list[bytes] = []
        mirror.addFunction("last", lambda job, context: done.append(job.workload()))
        mirror.setTimeout(20000)
        handle = self.clients[0].submit(b"last", b"", b"word")
        for _ in range(len(self.queued) + 1):
            with suppress(RuntimeException):  # of a job that was left
                if not done:
                    mirror.work()
        if done != [b"word"] or not self.clients[0].answers(handle):
            self.fail(f"afterwards work() fails with {mirror.returnCode()} {mirror.error()}")
