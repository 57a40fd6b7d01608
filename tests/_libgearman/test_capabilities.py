"""What is known of the libgearman that was loaded."""

from __future__ import annotations

import ctypes
import subprocess

import pytest

from gearman_cffi._libgearman import Capabilities, MissingCapabilityError, ReturnCode, capabilities
from gearman_cffi._libgearman.native import ffi, lib
from tests.support import Child

OLD = Capabilities(version="1.1.20+ds", functions=frozenset(), interruptible_waits=True, tls=False)
NEW = Capabilities(
    version="2.2.0", functions=frozenset({"gearman_worker_set_ssl"}), interruptible_waits=True, tls=False
)


class TestCapabilities:
    """The capabilities object."""

    def test_the_version_is_the_library_s(self) -> None:
        """As gearman_version() gives it, which is what the command line tools of the same package print."""
        assert capabilities.version == ffi.string(lib.gearman_version()).decode()
        printed = subprocess.run(["gearmand", "--version"], capture_output=True, text=True, check=True, timeout=20)
        assert capabilities.version in printed.stdout

    def test_the_version_as_numbers(self) -> None:
        """Three numbers that compare as versions do."""
        assert OLD.version_info == (1, 1, 20)
        assert NEW.version_info > OLD.version_info
        assert capabilities.version_info >= (1, 1, 19)
        assert len(capabilities.version_info) == 3

    def test_what_it_has_it_exports(self) -> None:
        """An optional function is there exactly when the dynamic linker finds it."""
        found = ctypes.CDLL("libgearman.so.8")
        for name in ("gearman_worker_set_ssl", "gearman_client_namespace", "gearman_worker_shutdown_handle"):
            assert capabilities.has(name) == hasattr(found, name)

    def test_what_is_missing_says_what_is_needed(self) -> None:
        """The version that has it, or that none has, and the version found."""
        with pytest.raises(
            MissingCapabilityError,
            match=r"^gearman_worker_set_ssl: libgearman 2\.0\.0 or later is needed, found 1\.1\.20\+ds$",
        ):
            OLD.require("gearman_worker_set_ssl")
        with pytest.raises(MissingCapabilityError, match=r"no release of libgearman exports it, found 2\.2\.0$"):
            NEW.require("gearman_client_namespace")
        NEW.require("gearman_worker_set_ssl")

    def test_a_function_that_is_not_optional(self) -> None:
        """It is a mistake of the caller: KeyError."""
        with pytest.raises(KeyError, match="gearman_client_create is not an optional function"):
            capabilities.has("gearman_client_create")

    def test_the_option_of_2_0(self) -> None:
        """STOP_WAIT_ON_SIGNAL goes by the version."""
        assert not OLD.stop_wait_on_signal
        assert NEW.stop_wait_on_signal

    def test_it_is_a_value(self) -> None:
        """Frozen, and equal by what it says."""
        same = Capabilities(OLD.version, OLD.functions, OLD.interruptible_waits, OLD.tls)
        assert same == OLD != NEW
        assert hash(same) == hash(OLD)
        assert repr(OLD).startswith("Capabilities(version='1.1.20+ds', ")
        with pytest.raises(AttributeError):
            OLD.version = "3"  # type: ignore[misc]

    @pytest.mark.parametrize(("value", "interruptible"), [("", "True"), ("1", "False"), ("0", "False")])
    def test_interruptible_waits(self, value: str, interruptible: str) -> None:
        """Off if GEARMAN_CFFI_NO_INTERPOSE has a value, whichever it is. An empty value counts as unset."""
        assert capabilities.interruptible_waits is True
        program = "from gearman_cffi.ext import capabilities; say(capabilities.interruptible_waits)"
        with Child(program, GEARMAN_CFFI_NO_INTERPOSE=value) as child:
            child.expect(interruptible)


class TestReturnCodes:
    """ReturnCode, beside gearman_return_t as the C compiler sees it."""

    def test_every_code_is_c_s(self) -> None:
        """Each name with GEARMAN_ before it is a constant of C, with the same value."""
        assert {code.name: getattr(lib, f"GEARMAN_{code.name}") for code in ReturnCode} == {
            code.name: code.value for code in ReturnCode
        }

    def test_no_code_of_c_is_missing(self) -> None:
        """All values of the enum up to its end are there, each once."""
        declared = ffi.typeof("gearman_return_t").relements
        last = declared["GEARMAN_MAX_RETURN"]
        assert {value for value in declared.values() if value <= last} == {code.value for code in ReturnCode}

    def test_describe(self) -> None:
        """The C name, also for a plain number; the number of a code that a later library adds."""
        assert ReturnCode.describe(47) == "GEARMAN_TIMEOUT"
        assert ReturnCode.describe(ReturnCode.SUCCESS) == "GEARMAN_SUCCESS"
        assert ReturnCode.describe(54) == "return code 54"
        assert ReturnCode.describe(-1) == "return code -1"
