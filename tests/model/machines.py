"""The state machines, and how many programs of how many steps the suite runs of each."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis.stateful import RuleBasedStateMachine

from tests.model.layer import LayerLikeLocal


class Plan(NamedTuple):
    """A state machine. examples: of the suite. steps: of each program."""

    machine: type[RuleBasedStateMachine]
    examples: int
    steps: int


MACHINES = {
    "layer": Plan(LayerLikeLocal, examples=12, steps=15),
}
