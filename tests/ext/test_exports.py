"""The mirror has the names of the extension."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

import gearman_cffi.ext
from gearman_cffi.ext import GearmanClient, GearmanException, GearmanWorker, ReturnCode, capabilities, constants

CLASSES = {"GearmanClient", "GearmanException", "GearmanJob", "GearmanWarning", "GearmanWorker"}

PHP = """
ini_set("display_errors", "stderr");
echo json_encode(get_defined_constants(true)["gearman"]);
"""


@pytest.fixture(scope="module")
def php_constants() -> dict[str, Any]:
    done = subprocess.run(["php", "-r", PHP], capture_output=True, text=True, timeout=30, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class TestConstants:
    """The constants GEARMAN_*, compared with PHP."""

    @pytest.mark.php
    def test_they_are_php_s(self, php_constants: dict[str, Any]) -> None:
        """The mirror has every constant of the extension, with the same value and type."""
        ours = {name: getattr(gearman_cffi.ext, name, None) for name in php_constants}
        assert ours == php_constants
        assert {name: type(value) for name, value in ours.items()} == {
            name: type(value) for name, value in php_constants.items()
        }

    @pytest.mark.php
    def test_there_are_no_others(self, php_constants: dict[str, Any]) -> None:
        """The mirror has no other constants."""
        assert {name for name in vars(constants) if name.startswith("GEARMAN_")} == set(php_constants)

    def test_the_return_codes_are_libgearman_s(self) -> None:
        """Every constant that is named after a return code has its value."""
        for code in ReturnCode:
            assert getattr(constants, f"GEARMAN_{code.name}", code) == code


class TestStarImport:
    """``from gearman_cffi.ext import *``."""

    @pytest.mark.php
    def test_it_brings_what_the_extension_brings(self, php_constants: dict[str, Any]) -> None:
        """It imports the classes, constants and functions of the extension, and nothing else."""
        namespace: dict[str, Any] = {}
        exec("from gearman_cffi.ext import *", namespace)
        brought = set(namespace) - {"__builtins__"}
        assert brought >= CLASSES | set(php_constants)
        later = {"GEARMAN_CLIENT_STOP_WAIT_ON_SIGNAL", "GEARMAN_WORKER_STOP_WAIT_ON_SIGNAL"}
        for name in brought - set(php_constants) - (later if capabilities.stop_wait_on_signal else set()):
            assert name.startswith(("Gearman", "gearman_")), f"{name} is not PHP's"

    def test_everything_in_all_is_there(self) -> None:
        """Each name in __all__ exists, and is listed once."""
        names = gearman_cffi.ext.__all__
        assert len(names) == len(set(names))
        for name in names:
            assert hasattr(gearman_cffi.ext, name)


class TestFreshObjects:
    """The state of new objects is that in PHP."""

    def test_a_client(self) -> None:
        """A new client has return code 0, no error, options 32 and no timeout."""
        client = GearmanClient()
        assert (client.returnCode(), client.error(), client.getErrno()) == (0, False, 0)
        assert (client.options(), client.timeout()) == (32, -1)

    def test_a_worker(self) -> None:
        """A new worker has return code 0, no error, options 644 and no timeout."""
        worker = GearmanWorker()
        assert (worker.returnCode(), worker.error(), worker.getErrno()) == (0, False, 0)
        assert (worker.options(), worker.timeout()) == (644, -1)

    def test_return_codes_are_plain_ints(self) -> None:
        """Return codes are plain ints as in PHP, whatever set them."""
        client, worker = GearmanClient(), GearmanWorker()
        assert type(client.returnCode()) is int
        assert type(worker.returnCode()) is int
        assert type(gearman_cffi.ext.GearmanJob().returnCode()) is int

    def test_the_exception_has_php_s_methods(self) -> None:
        """GearmanException has the message, the code and the previous exception."""
        first = ValueError("first")
        error = GearmanException("text", 7, first)
        assert (error.getMessage(), error.getCode(), error.getPrevious()) == ("text", 7, first)
        assert str(error) == "text"
        assert (GearmanException().getMessage(), GearmanException().getCode()) == ("", 0)
