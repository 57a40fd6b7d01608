"""The ledger of a soak: what client and workers reported for each job. Only unfinished jobs need much memory."""

from __future__ import annotations

import threading
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.soak.calls import COMPLAINT, Verdict
from tests.soak.periods import Periods

VERDICTS = list(Verdict)  # an account stores the position, plus 1


class Account:
    """The jobs of one kind of load, by number."""

    def __init__(self) -> None:
        self.verdicts = bytearray()  # 0: the call has not ended
        self.begins = array("d")
        self.times_done = bytearray()

    def grow(self, number: int) -> None:
        """Makes room for the job of this number."""
        missing = number + 1 - len(self.verdicts)
        if missing > 0:
            self.verdicts.extend(bytes(missing))
            self.times_done.extend(bytes(missing))
            self.begins.extend([0.0] * missing)

    def verdict(self, number: int) -> Verdict | None:
        """What the client said of a job; None if it said nothing."""
        code = self.verdicts[number]
        return VERDICTS[code - 1] if code else None


@dataclass(frozen=True)
class Accepted:
    """A job in the background that a server has acknowledged, and that is not done yet."""

    begin: float  # of the call
    acknowledged: float
    server: str


@dataclass(frozen=True)
class Failure:
    """A job whose call failed."""

    name: str
    since: float  # a fault from then on may be the cause
    begin: float  # of the call
    end: float
    error: str


class _Lines:
    """The lines that are added to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._rest = b""

    def read(self) -> Iterator[str]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._position)
            data = self._rest + file.read()
            self._position = file.tell()
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            yield line.decode()


class Ledger:
    """Reads what clients and workers have noted in a folder. Threads may share it."""

    def __init__(self, folder: Path, kinds: Iterable[str], begin: float, bucket_seconds: float) -> None:
        self.accounts = {kind: Account() for kind in kinds}
        self.unfinished: dict[tuple[str, int], Accepted] = {}
        self.outcomes: dict[str, Counter[str]] = {kind: Counter() for kind in self.accounts}
        self.errors: Counter[str] = Counter()
        self.failures: list[Failure] = []
        self.longest = dict.fromkeys(self.accounts, 0.0)  # calls, in seconds
        self.last_good: dict[tuple[str, int], float] = {}  # by caller: the begin of its last call that was good
        self.latencies: dict[int, array[float]] = {}  # seconds, of answered and acknowledged calls, by bucket
        self.repetitions: list[tuple[str, int, float]] = []  # jobs that were done again, and when
        self.gone: set[tuple[str, int]] = set()  # jobs that a server had in memory when it was killed
        self.lost: list[str] = []
        self.complaints: list[str] = []
        self.bucket_seconds = bucket_seconds
        self._begin = begin
        self._lock = threading.Lock()
        self._last_end: dict[tuple[str, int], float] = {}  # by caller: of its last call
        self._stopped: dict[str, list[tuple[float, float]]] = {}
        self._calls = {kind: _Lines(folder / f"calls-{kind}") for kind in self.accounts}
        self._done = _Lines(folder / "done")

    def read(self) -> None:
        """Reads what is new."""
        with self._lock:
            for line in self._done.read():
                name, when = line.split()
                kind, _, number = name.rpartition("-")
                self._enter_done(kind, int(number), float(when))
            for kind, lines in self._calls.items():
                for line in lines.read():
                    if line.startswith(COMPLAINT):
                        self.complaints.append(line[len(COMPLAINT) :])
                    else:
                        self._enter_call(kind, line)

    def missing(self, since: float, callers: Iterable[tuple[str, int]]) -> list[str]:
        """What has not worked since this time: callers without a good call, and jobs from before that are not done."""
        with self._lock:
            found = [f"{kind} {index}" for kind, index in callers if self.last_good.get((kind, index), 0.0) < since]
            late = [f"{kind}-{number}" for (kind, number), job in self.unfinished.items() if job.acknowledged < since]
        return found + late[:10]

    def note_stop(self, server: str, begin: float, end: float) -> None:
        """A server that stores no jobs was killed or restarted between these times."""
        with self._lock:
            self._stopped.setdefault(server, []).append((begin, end))

    def settle(self, server: str, asked: float) -> None:
        """The server was asked at this time, and has no job in the background.

        Call read() before, so that what was done until then is known. A job that the server had acknowledged before,
        and that is not done, is gone: with the memory of the server if that was stopped meanwhile, or else lost.
        """
        with self._lock:
            stops = self._stopped.get(server, ())
            for (kind, number), job in list(self.unfinished.items()):
                if job.server != server or job.acknowledged >= asked:
                    continue
                del self.unfinished[kind, number]
                excused = any(begin <= asked and job.begin <= end for begin, end in stops)
                if excused:
                    self.gone.add((kind, number))
                else:
                    self.lost.append(f"{kind}-{number}")

    def unexplained_repetitions(self, faults: Periods) -> list[str]:
        """The jobs that were done again although there was no fault between their submission and then."""
        found = []
        for kind, number, again in self.repetitions:
            begin = self.accounts[kind].begins[number]
            if not faults.overlap(begin, again):
                found.append(f"{kind}-{number}, {again - begin:.1f} s after {begin - self._begin:.1f} s")
        return found

    def unexplained_failures(self, faults: Periods) -> list[str]:
        """The jobs whose call failed although no fault can be the cause."""
        return [
            f"{one.name}, {one.error} after {one.begin - self._begin:.1f} s, within {one.end - one.begin:.1f} s"
            for one in self.failures
            if not faults.overlap(one.since, one.end)
        ]

    def contradictions(self) -> list[str]:
        """The jobs whose client and workers contradict each other, or whose call did not end."""
        found = []
        for kind, account in self.accounts.items():
            for number, times in enumerate(account.times_done):
                verdict = account.verdict(number)
                if verdict is None:
                    found.append(f"{kind}-{number} was {'done' if times else 'begun'}, but its call did not end")
                elif verdict is Verdict.REFUSED and times:
                    found.append(f"{kind}-{number} was done, but its client was told that it was not submitted")
                elif verdict is Verdict.ANSWERED and not times:
                    found.append(f"{kind}-{number} was answered, but not done")
        return found

    def totals(self) -> Counter[str]:
        """How many jobs of all kinds have each verdict."""
        return sum(self.outcomes.values(), Counter())

    def count_done(self, kind: str) -> Counter[str]:
        """How many jobs of a kind were done once, and more than once."""
        times = Counter(self.accounts[kind].times_done)
        return Counter({"done once": times[1], "done again": times.total() - times[0] - times[1]})

    def _enter_done(self, kind: str, number: int, when: float) -> None:
        account = self.accounts[kind]
        account.grow(number)
        if account.times_done[number]:
            self.repetitions.append((kind, number, when))
        account.times_done[number] = min(255, account.times_done[number] + 1)
        self.unfinished.pop((kind, number), None)
        self.gone.discard((kind, number))  # a worker had it when its server was killed

    def _enter_call(self, kind: str, line: str) -> None:
        """A line of Recorder.end()."""
        number_text, caller, begin_text, spent_text, what, detail = line.split(" ", 5)
        number, begin, spent, verdict = int(number_text), float(begin_text), float(spent_text), Verdict(what)
        end, key = begin + spent, (kind, int(caller))
        # A GearmanClient notices only in its next call that it has lost a connection.
        since = self._last_end.get(key, begin) if kind == "mirror" else begin
        self._last_end[key] = end
        account = self.accounts[kind]
        account.grow(number)
        account.begins[number] = begin
        account.verdicts[number] = VERDICTS.index(verdict) + 1
        self.outcomes[kind][verdict.value] += 1
        self.longest[kind] = max(self.longest[kind], spent)
        if verdict in (Verdict.ANSWERED, Verdict.ACKNOWLEDGED):
            self.last_good[key] = begin
            bucket = int((end - self._begin) / self.bucket_seconds)
            self.latencies.setdefault(bucket, array("d")).append(spent)
        elif verdict in (Verdict.FAILED, Verdict.REFUSED):
            self.errors[f"{kind}: {detail}"] += 1
            self.failures.append(Failure(f"{kind}-{number}", since, begin, end, detail))
        if verdict is Verdict.ACKNOWLEDGED and not account.times_done[number]:
            # H:memory:7 is a handle of the server "memory"
            self.unfinished[kind, number] = Accepted(begin, end, detail.split(":")[1])
