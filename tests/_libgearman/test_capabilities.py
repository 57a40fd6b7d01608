"""Detection of the version and capabilities of the loaded libgearman."""

from __future__ import annotations

import ctypes

import pytest

from gearman_cffi._libgearman import Capabilities, MissingCapabilityError, ReturnCode, capabilities
from gearman_cffi._libgearman.native import ffi, lib
from tests.support import IF_ALLOWED, Child

OLD = Capabilities(version="1.1.20+ds", functions=frozenset(), interruptible_waits=True, tls=False)
NEW = Capabilities(
    version="2.2.0", functions=frozenset({"gearman_worker_set_ssl"}), interruptible_waits=True, tls=False
)


class TestCapabilities:
    """capabilities, and its class."""

    def test_the_version_is_the_library_s(self) -> None:
        """The version of gearman_version(), in the library that the linker finds."""
        assert capabilities.version == ffi.string(lib.gearman_version()).decode()
        gearman_version = ctypes.CDLL("libgearman.so.8").gearman_version
        gearman_version.restype = ctypes.c_char_p
        assert capabilities.version == gearman_version().decode()

    def test_the_version_as_numbers(self) -> None:
        """version_info has three numbers, which compare like versions."""
        assert OLD.version_info == (1, 1, 20)
        assert NEW.version_info > OLD.version_info
        assert capabilities.version_info >= (1, 1, 19)
        assert len(capabilities.version_info) == 3

    def test_what_it_has_it_exports(self) -> None:
        """has() is true for the functions that the dynamic linker finds."""
        found = ctypes.CDLL("libgearman.so.8")
        for name in ("gearman_worker_set_ssl", "gearman_client_namespace", "gearman_worker_shutdown_handle"):
            assert capabilities.has(name) == hasattr(found, name)

    def test_what_is_missing_says_what_is_needed(self) -> None:
        """require() names the version that is needed, if any has the function, and the version found."""
        with pytest.raises(
            MissingCapabilityError,
            match=r"^gearman_worker_set_ssl: libgearman 2\.0\.0 or later is needed, found 1\.1\.20\+ds$",
        ):
            OLD.require("gearman_worker_set_ssl")
        with pytest.raises(MissingCapabilityError, match=r"no release of libgearman exports it, found 2\.2\.0$"):
            NEW.require("gearman_client_namespace")
        NEW.require("gearman_worker_set_ssl")

    def test_a_function_that_is_not_optional(self) -> None:
        """has() raises KeyError for a function that is not optional."""
        with pytest.raises(KeyError, match="gearman_client_create is not an optional function"):
            capabilities.has("gearman_client_create")

    def test_the_option_of_2_0(self) -> None:
        """It comes with gearman_worker_set_ssl(), whatever the version's text is."""
        assert not OLD.stop_wait_on_signal
        assert NEW.stop_wait_on_signal

    def test_it_is_a_value(self) -> None:
        """Capabilities are immutable, and equal if their fields are."""
        same = Capabilities(OLD.version, OLD.functions, OLD.interruptible_waits, OLD.tls)
        assert same == OLD != NEW
        assert hash(same) == hash(OLD)
        assert repr(OLD).startswith("Capabilities(version='1.1.20+ds', ")
        with pytest.raises(AttributeError):
            OLD.version = "3"  # type: ignore[misc]

    @pytest.mark.parametrize(
        ("value", "interruptible"),
        [("", "True"), pytest.param("1", "False", marks=IF_ALLOWED), pytest.param("0", "False", marks=IF_ALLOWED)],
    )
    def test_interruptible_waits(self, value: str, interruptible: str) -> None:
        """Any value of GEARMAN_CFFI_NO_INTERPOSE turns them off. An empty value counts as unset."""
        assert capabilities.interruptible_waits is True
        program = "from gearman_cffi.ext import capabilities; say(capabilities.interruptible_waits)"
        with Child(program, GEARMAN_CFFI_NO_INTERPOSE=value) as child:
            child.expect(interruptible)


class TestReturnCodes:
    """ReturnCode compared with gearman_return_t."""

    def test_every_code_is_c_s(self) -> None:
        """Each member has the value of the C constant with GEARMAN_ in front of its name."""
        assert {code.name: getattr(lib, f"GEARMAN_{code.name}") for code in ReturnCode} == {
            code.name: code.value for code in ReturnCode
        }

    def test_no_code_of_c_is_missing(self) -> None:
        """Every value of the C enum up to GEARMAN_MAX_RETURN has one member."""
        declared = ffi.typeof("gearman_return_t").relements
        last = declared["GEARMAN_MAX_RETURN"]
        assert {value for value in declared.values() if value <= last} == {code.value for code in ReturnCode}

    def test_describe(self) -> None:
        """describe() returns the C name for a member or a number, and the number of an unknown code."""
        assert ReturnCode.describe(47) == "GEARMAN_TIMEOUT"
        assert ReturnCode.describe(ReturnCode.SUCCESS) == "GEARMAN_SUCCESS"
        assert ReturnCode.describe(54) == "return code 54"
        assert ReturnCode.describe(-1) == "return code -1"
