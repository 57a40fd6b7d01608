"""Codes of its own that a task's callback returns in the middle of another call, as PHP's extension shows them."""

from __future__ import annotations

import warnings

import pytest

from gearman_cffi.ext import GearmanWarning
from gearman_cffi.testing import Gearmand
from tests.support import client_of


@pytest.mark.parametrize("code", [7, 70_000, 131_072, 1_234_567, 2**31 - 1, 2**31 - 3, -1, -5, -131_072])
def test_in_the_middle_of_a_foreground_job(gearmand: Gearmand, code: int) -> None:
    """doNormal() gives "" and warns, and the code is the client's."""
    client = client_of(gearmand)
    client.setCreatedCallback(lambda task: code)
    client.addTask("f", "of the task")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert client.doNormal("f", "0123456789") == b""
    assert client.returnCode() == code & 0xFFFFFFFF
    assert [entry.category for entry in warned] == [GearmanWarning]
