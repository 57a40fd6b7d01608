"""The state machines, and how many programs of how many steps the suite runs of each."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis.stateful import RuleBasedStateMachine

from tests.model.layer import LayerLikeLocal
from tests.model.mirror_client import ClientLikePhp
from tests.model.mirror_worker import WorkerLikePhp
from tests.model.retry_rules import RetriesLikeModel
from tests.model.scheduling_rules import SchedulerLikeModel


class Plan(NamedTuple):
    """A state machine. examples: of the suite. steps: of each program."""

    machine: type[RuleBasedStateMachine]
    examples: int
    steps: int


MACHINES = {
    "client": Plan(ClientLikePhp, examples=6, steps=20),
    "worker": Plan(WorkerLikePhp, examples=5, steps=20),
    "retries": Plan(RetriesLikeModel, examples=15, steps=20),
    "scheduling": Plan(SchedulerLikeModel, examples=25, steps=30),
    "layer": Plan(LayerLikeLocal, examples=7, steps=15),
}
