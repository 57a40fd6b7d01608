"""Runs the examples in the docstrings of public names, those of a class one after another."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import pytest

from tests.docs.examples import Example, Preparation, at_most
from tests.docs.preparations import clients, dmank, ext, testing, workers
from tests.docs.public_names import public_names

EXAMPLE_SECONDS = 10
# Where examples are defined, and what they need: the entry with the longest name that theirs begins with.
PREPARATIONS: Mapping[str, Preparation] = {
    **clients.PREPARATIONS,
    **dmank.PREPARATIONS,
    **ext.PREPARATIONS,
    **testing.PREPARATIONS,
    **workers.PREPARATIONS,
}
# Examples that cannot run in a test, and why.
NOT_RUN: Mapping[str, str] = {
    "gearman_cffi._libgearman.errors.ForkedUseError": "the child process would go on with the tests",
}


def groups() -> list[Any]:
    """The examples of each class as a parameter, and those of each module's functions."""
    examples = {name.home: Example(name.home, name.example) for name in public_names() if name.example}
    assert NOT_RUN.keys() <= examples.keys()
    found: dict[str, list[Example]] = {}
    for home, example in examples.items():
        prepared = max((start for start in PREPARATIONS if home.startswith(start)), key=len)
        ast.parse(example.source)
        if home not in NOT_RUN:
            found.setdefault(prepared, []).append(example)
    return [pytest.param(PREPARATIONS[start], group, id=start) for start, group in found.items()]


@pytest.mark.parametrize(("prepared", "examples"), groups())
def test_examples(prepared: Preparation, examples: list[Example]) -> None:
    """They run in time, without warnings, and with the values that their comments show."""
    with prepared() as execute:
        for example in examples:
            try:
                with at_most(EXAMPLE_SECONDS):
                    execute(example)
            except Exception as error:
                raise AssertionError(f"the example of {example.home}: {error!r}") from error
