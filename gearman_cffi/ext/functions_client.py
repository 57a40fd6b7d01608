"""The procedural twins of GearmanClient's methods, with the object as the first argument."""

from __future__ import annotations

from gearman_cffi.ext.arguments import Data, Name
from gearman_cffi.ext.client import GearmanClient
from gearman_cffi.ext.warn import called_as

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


def gearman_client_create() -> GearmanClient:
    """``GearmanClient()``."""
    return GearmanClient()


def gearman_client_return_code(obj: GearmanClient) -> int:
    """GearmanClient.returnCode()."""
    with called_as("gearman_client_return_code", obj, GearmanClient):
        return obj.returnCode()


def gearman_client_error(obj: GearmanClient) -> str | Literal[False]:
    """GearmanClient.error()."""
    with called_as("gearman_client_error", obj, GearmanClient):
        return obj.error()


def gearman_client_get_errno(obj: GearmanClient) -> int:
    """GearmanClient.getErrno()."""
    with called_as("gearman_client_get_errno", obj, GearmanClient):
        return obj.getErrno()


def gearman_client_options(obj: GearmanClient) -> int:
    """GearmanClient.options()."""
    with called_as("gearman_client_options", obj, GearmanClient):
        return obj.options()


def gearman_client_set_options(obj: GearmanClient, option: int) -> bool:
    """GearmanClient.setOptions()."""
    with called_as("gearman_client_set_options", obj, GearmanClient):
        return obj.setOptions(option)


def gearman_client_add_options(obj: GearmanClient, option: int) -> bool:
    """GearmanClient.addOptions()."""
    with called_as("gearman_client_add_options", obj, GearmanClient):
        return obj.addOptions(option)


def gearman_client_remove_options(obj: GearmanClient, option: int) -> bool:
    """GearmanClient.removeOptions()."""
    with called_as("gearman_client_remove_options", obj, GearmanClient):
        return obj.removeOptions(option)


def gearman_client_timeout(obj: GearmanClient) -> int:
    """GearmanClient.timeout()."""
    with called_as("gearman_client_timeout", obj, GearmanClient):
        return obj.timeout()


def gearman_client_set_timeout(obj: GearmanClient, timeout: int) -> bool:
    """GearmanClient.setTimeout()."""
    with called_as("gearman_client_set_timeout", obj, GearmanClient):
        return obj.setTimeout(timeout)


def gearman_client_add_server(
    obj: GearmanClient, host: Name | None = None, port: int = 0, setupExceptionHandler: bool = True
) -> bool:
    """GearmanClient.addServer()."""
    with called_as("gearman_client_add_server", obj, GearmanClient):
        return obj.addServer(host, port, setupExceptionHandler)


def gearman_client_add_servers(
    obj: GearmanClient, servers: Name | None = None, setupExceptionHandler: bool = True
) -> bool:
    """GearmanClient.addServers()."""
    with called_as("gearman_client_add_servers", obj, GearmanClient):
        return obj.addServers(servers, setupExceptionHandler)


def gearman_client_wait(obj: GearmanClient) -> bool:
    """GearmanClient.wait()."""
    with called_as("gearman_client_wait", obj, GearmanClient):
        return obj.wait()


def gearman_client_do_normal(obj: GearmanClient, function: Name, workload: Data, unique: Name | None = None) -> bytes:
    """GearmanClient.doNormal()."""
    with called_as("gearman_client_do_normal", obj, GearmanClient):
        return obj.doNormal(function, workload, unique)


def gearman_client_do_high(obj: GearmanClient, function: Name, workload: Data, unique: Name | None = None) -> bytes:
    """GearmanClient.doHigh()."""
    with called_as("gearman_client_do_high", obj, GearmanClient):
        return obj.doHigh(function, workload, unique)


def gearman_client_do_low(obj: GearmanClient, function: Name, workload: Data, unique: Name | None = None) -> bytes:
    """GearmanClient.doLow()."""
    with called_as("gearman_client_do_low", obj, GearmanClient):
        return obj.doLow(function, workload, unique)


def gearman_client_do_background(obj: GearmanClient, function: Name, workload: Data, unique: Name | None = None) -> str:
    """GearmanClient.doBackground()."""
    with called_as("gearman_client_do_background", obj, GearmanClient):
        return obj.doBackground(function, workload, unique)


def gearman_client_do_high_background(
    obj: GearmanClient, function: Name, workload: Data, unique: Name | None = None
) -> str:
    """GearmanClient.doHighBackground()."""
    with called_as("gearman_client_do_high_background", obj, GearmanClient):
        return obj.doHighBackground(function, workload, unique)


def gearman_client_do_low_background(
    obj: GearmanClient, function: Name, workload: Data, unique: Name | None = None
) -> str:
    """GearmanClient.doLowBackground()."""
    with called_as("gearman_client_do_low_background", obj, GearmanClient):
        return obj.doLowBackground(function, workload, unique)


def gearman_client_do_job_handle(obj: GearmanClient) -> str:
    """GearmanClient.doJobHandle()."""
    with called_as("gearman_client_do_job_handle", obj, GearmanClient):
        return obj.doJobHandle()


def gearman_client_do_status(obj: GearmanClient) -> list[int]:
    """GearmanClient.doStatus()."""
    with called_as("gearman_client_do_status", obj, GearmanClient):
        return obj.doStatus()


def gearman_client_job_status(obj: GearmanClient, job_handle: Name) -> list[bool | int]:
    """GearmanClient.jobStatus()."""
    with called_as("gearman_client_job_status", obj, GearmanClient):
        return obj.jobStatus(job_handle)


def gearman_client_job_status_by_unique_key(obj: GearmanClient, unique_key: Name) -> list[bool | int]:
    """GearmanClient.jobStatusByUniqueKey()."""
    with called_as("gearman_client_job_status_by_unique_key", obj, GearmanClient):
        return obj.jobStatusByUniqueKey(unique_key)


def gearman_client_ping(obj: GearmanClient, workload: Data) -> bool:
    """GearmanClient.ping()."""
    with called_as("gearman_client_ping", obj, GearmanClient):
        return obj.ping(workload)


def gearman_client_context(obj: GearmanClient) -> str:
    """GearmanClient.context()."""
    with called_as("gearman_client_context", obj, GearmanClient):
        return obj.context()


def gearman_client_set_context(obj: GearmanClient, data: Name) -> bool:
    """GearmanClient.setContext()."""
    with called_as("gearman_client_set_context", obj, GearmanClient):
        return obj.setContext(data)


def gearman_client_enable_exception_handler(obj: GearmanClient) -> bool:
    """GearmanClient.enableExceptionHandler()."""
    with called_as("gearman_client_enable_exception_handler", obj, GearmanClient):
        return obj.enableExceptionHandler()


def gearman_client_set_ssl(
    obj: GearmanClient,
    ssl: bool,
    ca_file: Name | None = None,
    certificate: Name | None = None,
    key_file: Name | None = None,
) -> bool:
    """GearmanClient.setSSL()."""
    with called_as("gearman_client_set_ssl", obj, GearmanClient):
        return obj.setSSL(ssl, ca_file, certificate, key_file)


__all__ = [
    "gearman_client_add_options",
    "gearman_client_add_server",
    "gearman_client_add_servers",
    "gearman_client_context",
    "gearman_client_create",
    "gearman_client_do_background",
    "gearman_client_do_high",
    "gearman_client_do_high_background",
    "gearman_client_do_job_handle",
    "gearman_client_do_low",
    "gearman_client_do_low_background",
    "gearman_client_do_normal",
    "gearman_client_do_status",
    "gearman_client_enable_exception_handler",
    "gearman_client_error",
    "gearman_client_get_errno",
    "gearman_client_job_status",
    "gearman_client_job_status_by_unique_key",
    "gearman_client_options",
    "gearman_client_ping",
    "gearman_client_remove_options",
    "gearman_client_return_code",
    "gearman_client_set_context",
    "gearman_client_set_options",
    "gearman_client_set_ssl",
    "gearman_client_set_timeout",
    "gearman_client_timeout",
    "gearman_client_wait",
]
