"""Where programs of ClientLikePhp and WorkerLikePhp differ from PHP, and what they do not ask PHP.

The intended differences are those of tests/parity/differences.py. Here stand only those that random programs meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.model.mirror_steps import Answer
from tests.parity.differences import DIFFERENCES

_CHANGE = 64  # GEARMAN_WORKER_CHANGE

# Programs without PHP only: there PHP hangs, crashes, or has another state afterwards. Each has a reason in the table.
WITHOUT_PHP = frozenset(
    {
        "callback-exception",
        "callback-true",
        "clear-callbacks",
        "dead-server-first",
        "do-between-tasks",
        "early-calls",
        "exception-bit",
        "exceptions-off",
        "grab-job",
        "name-length",
        "non-blocking-do",
        "ping-of-a-worker",
        "re-entry",
        "removed-functions",
        "status-tasks",
        "unbuffered",
        "unique-status",
    }
)


def _raised(answer: Answer) -> Any:
    return answer["value"].get("raised") if isinstance(answer["value"], dict) else None


def _converts_loudly(theirs: Answer, ours: Answer) -> bool:
    texts = [text for _, text in theirs["warnings"]]
    is_loud = any(kind == "Deprecated" for kind, _ in theirs["warnings"]) or "Array to string conversion" in texts
    is_loud |= any(
        text.partition(" -> ")[0].endswith("invalid workload") for text in texts
    )  # null, as the workload of a task
    return bool(_raised(ours) == "TypeError" and (is_loud or _raised(theirs) == "Error"))


def _refuses_nul(theirs: Answer, ours: Answer) -> bool:
    return bool(_raised(ours) == "ValueError" and " must not contain NUL bytes: " in ours["value"]["message"]["s"])


def _refuses_number(theirs: Answer, ours: Answer) -> bool:
    return bool(_raised(ours) == "ValueError" and " must be between " in ours["value"]["message"]["s"])


def _has_no_text(theirs: Answer, ours: Answer) -> bool:
    names = ("GEARMAN_NO_REGISTERED_FUNCTION", "GEARMAN_NO_REGISTERED_FUNCTIONS")
    is_named = [text.partition("(): ")[2] in names for _, text in ours["warnings"]] == [True]
    return bool(is_named and theirs["value"] == ours["value"] and theirs["state"][0] == ours["state"][0])


def _names_a_number(theirs: Answer, ours: Answer) -> bool:
    return [text.partition("(): ")[2] for _, text in theirs["warnings"]] == ["Function name must be a string"]


def _announces_again(theirs: Answer, ours: Answer) -> bool:
    """A function that is added twice changes options(): libgearman announces it again, and the mirror does not."""
    return bool(theirs["value"] ^ ours["value"] == _CHANGE and theirs["state"][0] == ours["state"][0])


# A difference, and whether two answers to one step differ in that way.
RECOGNIZED: dict[str, Callable[[Answer, Answer], bool]] = {
    "argument-types": _converts_loudly,
    "function-names": _names_a_number,
    "null-text": _has_no_text,
    "nul-in-names": _refuses_nul,
    "out-of-range": _refuses_number,
    "removed-functions": _announces_again,
}
assert {*WITHOUT_PHP, *RECOGNIZED} <= {difference.id for difference in DIFFERENCES}


def is_intended(theirs: Answer, ours: Answer, *expected: str) -> bool:
    """Whether the answers of PHP and of the mirror differ in one of these ways."""
    return any(RECOGNIZED[name](theirs, ours) for name in expected)
