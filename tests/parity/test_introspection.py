"""PHP's reflection of the extension against Python's inspection of the mirror."""

from __future__ import annotations

import inspect
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from gearman_cffi import ext
from gearman_cffi.ext import capabilities
from tests.parity.groups import HERE, recording

pytestmark = pytest.mark.php

# Methods that the extension does not have.
OWN_METHODS = {"GearmanWorker.stop", "GearmanException.getMessage", "GearmanException.getCode"}
OWN_METHODS |= {"GearmanException.getPrevious"}

# Names that the manual documents and the extension has dropped.
DEPRECATED_METHODS = {
    "GearmanClient": {"clone", "data", "do", "echo", "setClientCallback", "setData"},
    "GearmanJob": {"complete", "data", "exception", "fail", "status", "warning"},
    "GearmanTask": {"create", "function", "sendData", "uuid"},
    "GearmanWorker": {"clone", "echo"},
}
_CALLBACKS = ("workload", "created", "data", "warning", "status", "complete", "exception", "fail")
DEPRECATED_FUNCTIONS = {f"gearman_client_set_{callback}_fn" for callback in _CALLBACKS}
DEPRECATED_FUNCTIONS |= {"gearman_client_clear_fn", "gearman_client_errno", "gearman_client_do", "gearman_client_echo"}
DEPRECATED_FUNCTIONS |= {"gearman_client_clone", "gearman_worker_clone", "gearman_worker_echo"}
# PHP's special methods, which have other counterparts in Python.
_LIFE = {"__construct", "__destruct", "__wakeup"}


@pytest.fixture(scope="module")
def php() -> dict[str, Any]:
    """The definitions of the extension."""
    recorded = recording("introspect.json")
    if recorded is None:
        command = ["php", str(HERE / "php" / "introspect.php")]
        recorded = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    found: dict[str, Any] = json.loads(recorded)
    return found


def parameters(function: Callable[..., Any]) -> list[dict[str, Any]]:
    """Returns a function's parameters as PHP's reflection shows them, without self."""
    found: list[dict[str, Any]] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "self":
            continue
        one: dict[str, Any] = {"name": parameter.name, "optional": parameter.default is not parameter.empty}
        if one["optional"]:
            # The default of a context is an object whose repr() is None.
            one["default"] = None if repr(parameter.default) == "None" else parameter.default
        found.append(one)
    return found


def test_constants(php: dict[str, Any]) -> None:
    """The mirror has every constant of the extension, with its value, and no other constant."""
    ours = {name: getattr(ext, name) for name in ext.__all__ if name.startswith("GEARMAN_")}
    ours.pop("GEARMAN_CLIENT_GENERATE_UNIQUE", None)  # in the manual, never registered by the extension
    if capabilities.stop_wait_on_signal:  # the extension has them if it was compiled with libgearman 2.0
        later = {"GEARMAN_CLIENT_STOP_WAIT_ON_SIGNAL": 1024, "GEARMAN_WORKER_STOP_WAIT_ON_SIGNAL": 8192}
        php["constants"] = {**php["constants"], **later}
    assert ours == php["constants"]
    assert {name: type(value) for name, value in ours.items()} == {
        name: type(value) for name, value in php["constants"].items()
    }


def test_classes(php: dict[str, Any]) -> None:
    """The mirror has every class of the extension; its exception is a Python Exception."""
    ours = {name for name in ext.__all__ if inspect.isclass(getattr(ext, name))}
    assert ours - {"GearmanWarning"} == set(php["classes"])
    assert issubclass(ext.GearmanException, Exception)


@pytest.mark.parametrize("name", ["GearmanClient", "GearmanWorker", "GearmanJob", "GearmanTask"])
def test_methods(php: dict[str, Any], name: str) -> None:
    """Each class has every method, with the same parameters, and besides only the methods listed above."""
    cls = getattr(ext, name)
    expected = {method: p for method, p in php["classes"][name]["methods"].items() if method not in _LIFE}
    public = [method for method in dir(cls) if not method.startswith("_") and callable(getattr(cls, method))]
    ours = {method: parameters(getattr(cls, method)) for method in public if method in expected}
    assert ours == expected
    more = {method for method in public if method not in expected}
    own = {entry.partition(".")[2] for entry in OWN_METHODS if entry.startswith(f"{name}.")}
    assert more - own == DEPRECATED_METHODS[name] - set(expected)


def test_objects_are_made_without_arguments() -> None:
    """The constructors have no parameters, as in the extension."""
    for cls in (ext.GearmanClient, ext.GearmanWorker, ext.GearmanJob, ext.GearmanTask):
        assert parameters(cls) == []


def test_functions(php: dict[str, Any]) -> None:
    """The mirror has every function of the extension, with its parameters."""
    ours = {name: parameters(getattr(ext, name)) for name in php["functions"] if hasattr(ext, name)}
    assert ours == php["functions"]
    assert set(php["functions"]) <= set(ext.__all__)


def test_procedural_functions_beyond_the_extension(php: dict[str, Any]) -> None:
    """The mirror adds only the functions that the extension has dropped."""
    more = {name for name in ext.__all__ if name.startswith("gearman_")} - set(php["functions"])
    assert more == DEPRECATED_FUNCTIONS
