"""The procedural functions: real definitions that tools can show."""

from __future__ import annotations

import inspect
import traceback

import pytest

from gearman_cffi import ext

FUNCTIONS = [name for name in ext.__all__ if name.startswith("gearman_")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_defined_in_the_source(name: str) -> None:
    """Its name, its docstring and its line are those of a ``def`` statement."""
    function = getattr(ext, name)
    lines, _ = inspect.getsourcelines(function)
    assert any(line.startswith(f"def {name}(") for line in lines)
    assert function.__name__ == function.__qualname__ == function.__code__.co_name == name
    assert function.__doc__


def test_a_traceback_names_the_function() -> None:
    """And the method that it calls."""
    with pytest.raises(TypeError) as raised:
        ext.gearman_client_job_status(ext.GearmanClient(), 1.5j)  # type: ignore[arg-type]
    names = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert names[1:3] == ["gearman_client_job_status", "jobStatus"]


def test_help_shows_the_method_s_text() -> None:
    """The summary of the method, and which one it is."""
    text = inspect.getdoc(ext.gearman_client_job_status) or ""
    assert text.splitlines()[0] == (inspect.getdoc(ext.GearmanClient.jobStatus) or "").splitlines()[0]
    assert text.endswith("Calls GearmanClient.jobStatus().")
