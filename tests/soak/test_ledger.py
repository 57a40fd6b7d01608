"""The ledger of a soak finds what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.calls import Verdict
from tests.soak.ledger import Ledger
from tests.soak.periods import Periods


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Its begin is second 100."""
    return Ledger(tmp_path, ["mirror"], begin=100, bucket_seconds=1)


class Notes:
    """Writes as clients and workers do."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def call(self, number: int, verdict: Verdict, detail: str = "", begin: float = 101.0) -> None:
        with (self._folder / "calls-mirror").open("a") as file:
            file.write(f"{number} 0 {begin} 0.5 {verdict.value} {detail}\n")

    def done(self, number: int, when: float) -> None:
        with (self._folder / "done").open("a") as file:
            file.write(f"mirror-{number} {when}\n")


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path)


def test_a_job_that_is_not_done_is_lost(ledger: Ledger, notes: Notes) -> None:
    """The server has no jobs any more, and it was not killed."""
    notes.call(0, Verdict.ACKNOWLEDGED, "H:memory:1")
    notes.call(1, Verdict.ACKNOWLEDGED, "H:stored:1")
    notes.call(2, Verdict.ACKNOWLEDGED, "H:memory:2")
    notes.done(2, 102)
    ledger.read()
    ledger.settle("memory", asked=101.4)  # before the acknowledgement, at 101.5
    assert (ledger.lost, len(ledger.unfinished)) == ([], 2)
    ledger.settle("memory", asked=101.6)
    assert ledger.lost == ["mirror-0"]
    ledger.settle("stored", asked=103)
    assert ledger.lost == ["mirror-0", "mirror-1"]


def test_a_job_is_gone_with_the_memory_of_its_server(ledger: Ledger, notes: Notes) -> None:
    """Only if the server was stopped between the submission and the moment when its queue was empty."""
    ledger.note_stop("memory", 100.0, 100.5)
    notes.call(0, Verdict.ACKNOWLEDGED, "H:memory:1")
    notes.call(1, Verdict.ACKNOWLEDGED, "H:memory:2", begin=105.0)
    ledger.read()
    ledger.settle("memory", asked=102)
    ledger.note_stop("memory", 106.0, 106.1)
    ledger.settle("memory", asked=107)
    assert ledger.lost == ["mirror-0"]
    assert ledger.gone == {("mirror", 1)}
    notes.done(1, 108)
    ledger.read()
    assert not ledger.gone


def test_a_job_that_is_done_again_needs_a_fault(ledger: Ledger, notes: Notes) -> None:
    """Between its submission and then."""
    for number in range(2):
        notes.call(number, Verdict.ANSWERED, begin=101 + 10 * number)
        notes.done(number, 101.3 + 10 * number)
        notes.done(number, 101.4 + 10 * number)
    ledger.read()
    assert ledger.unexplained_repetitions(Periods([(101.2, 105.0)])) == ["mirror-1, 0.4 s after 11.0 s"]
    assert ledger.count_done("mirror")["done again"] == 2


def test_a_call_that_fails_needs_a_fault(ledger: Ledger, notes: Notes) -> None:
    """During the call, which takes 0.5 s; for a GearmanClient also since its previous call."""
    notes.call(0, Verdict.FAILED, "LOST_CONNECTION", begin=101)
    notes.call(1, Verdict.FAILED, "LOST_CONNECTION", begin=106)
    notes.call(2, Verdict.REFUSED, "COULD_NOT_CONNECT", begin=107)
    notes.call(3, Verdict.ANSWERED, begin=108)
    notes.call(4, Verdict.FAILED, "TIMEOUT", begin=109)
    ledger.read()
    faults = Periods([(101.4, 105.0), (102.0, 103.0), (109.6, 110.0)])
    assert ledger.unexplained_failures(faults) == [
        "mirror-2, COULD_NOT_CONNECT after 7.0 s, within 0.5 s",
        "mirror-4, TIMEOUT after 9.0 s, within 0.5 s",
    ]
    assert faults.seconds(100, 109.8) == pytest.approx(3.8)


def test_contradictions(ledger: Ledger, notes: Notes) -> None:
    """Clients and workers must agree, and each call must end."""
    for number, verdict in enumerate([Verdict.REFUSED, Verdict.FAILED, Verdict.ABANDONED, Verdict.ANSWERED]):
        notes.call(number, verdict)
        notes.done(number, 102)
    notes.call(4, Verdict.ANSWERED)
    notes.done(5, 102)
    notes.call(7, Verdict.ABANDONED)
    ledger.read()
    names = [one.partition(" ")[0] for one in ledger.contradictions()]
    assert names == ["mirror-0", "mirror-4", "mirror-5", "mirror-6"]
