"""How the state machines run: the same programs each time in the suite, others in script/fuzz-models."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machines import Plan

# Without a database nothing is written to the tree. The steps wait for servers, so the time of an example says nothing.
_COMMON = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))


def run_small(plan: Plan) -> None:
    """Runs the same few programs each time. Does not search for the smallest one that fails, which takes minutes."""
    few = settings(_COMMON, max_examples=plan.examples, stateful_step_count=plan.steps)
    same = settings(few, derandomize=True, phases=[Phase.generate])
    run_state_machine_as_test(plan.machine, settings=same)


def run_seed(plan: Plan, number: int, examples: int) -> None:
    """Runs the programs of a seed. Fails with the smallest program that fails."""
    machine = type(plan.machine.__name__, (plan.machine,), {})  # seed() changes it
    phases = [Phase.generate, Phase.shrink]
    many = settings(_COMMON, max_examples=examples, stateful_step_count=plan.steps, phases=phases)
    run_state_machine_as_test(seed(number)(machine), settings=many)
