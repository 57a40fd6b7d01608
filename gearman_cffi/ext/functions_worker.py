"""The procedural twins of GearmanWorker's methods, with the object as the first argument."""

from __future__ import annotations

from gearman_cffi.ext.arguments import Data, Name
from gearman_cffi.ext.job import GearmanJob
from gearman_cffi.ext.warn import called_as
from gearman_cffi.ext.worker import GearmanWorker, WorkerFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal


def gearman_worker_create() -> GearmanWorker:
    """``GearmanWorker()``."""
    return GearmanWorker()


def gearman_worker_return_code(obj: GearmanWorker) -> int:
    """GearmanWorker.returnCode()."""
    with called_as("gearman_worker_return_code", obj, GearmanWorker):
        return obj.returnCode()


def gearman_worker_error(obj: GearmanWorker) -> str | Literal[False]:
    """GearmanWorker.error()."""
    with called_as("gearman_worker_error", obj, GearmanWorker):
        return obj.error()


def gearman_worker_errno(obj: GearmanWorker) -> int:
    """GearmanWorker.getErrno()."""
    with called_as("gearman_worker_errno", obj, GearmanWorker):
        return obj.getErrno()


def gearman_worker_options(obj: GearmanWorker) -> int:
    """GearmanWorker.options()."""
    with called_as("gearman_worker_options", obj, GearmanWorker):
        return obj.options()


def gearman_worker_set_options(obj: GearmanWorker, option: int) -> bool:
    """GearmanWorker.setOptions()."""
    with called_as("gearman_worker_set_options", obj, GearmanWorker):
        return obj.setOptions(option)


def gearman_worker_add_options(obj: GearmanWorker, option: int) -> bool:
    """GearmanWorker.addOptions()."""
    with called_as("gearman_worker_add_options", obj, GearmanWorker):
        return obj.addOptions(option)


def gearman_worker_remove_options(obj: GearmanWorker, option: int) -> bool:
    """GearmanWorker.removeOptions()."""
    with called_as("gearman_worker_remove_options", obj, GearmanWorker):
        return obj.removeOptions(option)


def gearman_worker_timeout(obj: GearmanWorker) -> int:
    """GearmanWorker.timeout()."""
    with called_as("gearman_worker_timeout", obj, GearmanWorker):
        return obj.timeout()


def gearman_worker_set_timeout(obj: GearmanWorker, timeout: int) -> bool:
    """GearmanWorker.setTimeout()."""
    with called_as("gearman_worker_set_timeout", obj, GearmanWorker):
        return obj.setTimeout(timeout)


def gearman_worker_set_id(obj: GearmanWorker, id: Name) -> bool:
    """GearmanWorker.setId()."""
    with called_as("gearman_worker_set_id", obj, GearmanWorker):
        return obj.setId(id)


def gearman_worker_add_server(
    obj: GearmanWorker, host: Name | None = None, port: int = 0, setupExceptionHandler: bool = True
) -> bool:
    """GearmanWorker.addServer()."""
    with called_as("gearman_worker_add_server", obj, GearmanWorker):
        return obj.addServer(host, port, setupExceptionHandler)


def gearman_worker_add_servers(
    obj: GearmanWorker, servers: Name | None = None, setupExceptionHandler: bool = True
) -> bool:
    """GearmanWorker.addServers()."""
    with called_as("gearman_worker_add_servers", obj, GearmanWorker):
        return obj.addServers(servers, setupExceptionHandler)


def gearman_worker_wait(obj: GearmanWorker) -> bool:
    """GearmanWorker.wait()."""
    with called_as("gearman_worker_wait", obj, GearmanWorker):
        return obj.wait()


def gearman_worker_register(obj: GearmanWorker, function_name: Name, timeout: int = 0) -> bool:
    """GearmanWorker.register()."""
    with called_as("gearman_worker_register", obj, GearmanWorker):
        return obj.register(function_name, timeout)


def gearman_worker_unregister(obj: GearmanWorker, function_name: Name) -> bool:
    """GearmanWorker.unregister()."""
    with called_as("gearman_worker_unregister", obj, GearmanWorker):
        return obj.unregister(function_name)


def gearman_worker_unregister_all(obj: GearmanWorker) -> bool:
    """GearmanWorker.unregisterAll()."""
    with called_as("gearman_worker_unregister_all", obj, GearmanWorker):
        return obj.unregisterAll()


def gearman_worker_grab_job(obj: GearmanWorker) -> GearmanJob | Literal[False]:
    """GearmanWorker.grabJob()."""
    with called_as("gearman_worker_grab_job", obj, GearmanWorker):
        return obj.grabJob()


def gearman_worker_add_function(
    obj: GearmanWorker, function_name: Name, function: WorkerFunction, context: Any = None, timeout: int = 0
) -> bool:
    """GearmanWorker.addFunction()."""
    with called_as("gearman_worker_add_function", obj, GearmanWorker):
        return obj.addFunction(function_name, function, context, timeout)


def gearman_worker_work(obj: GearmanWorker) -> bool:
    """GearmanWorker.work()."""
    with called_as("gearman_worker_work", obj, GearmanWorker):
        return obj.work()


def gearman_worker_ping(obj: GearmanWorker, data: Data) -> bool:
    """GearmanWorker.ping()."""
    with called_as("gearman_worker_ping", obj, GearmanWorker):
        return obj.ping(data)


def gearman_worker_enable_exception_handler(obj: GearmanWorker) -> bool:
    """GearmanWorker.enableExceptionHandler()."""
    with called_as("gearman_worker_enable_exception_handler", obj, GearmanWorker):
        return obj.enableExceptionHandler()


def gearman_worker_set_ssl(
    obj: GearmanWorker,
    ssl: bool,
    ca_file: Name | None = None,
    certificate: Name | None = None,
    key_file: Name | None = None,
) -> bool:
    """GearmanWorker.setSSL()."""
    with called_as("gearman_worker_set_ssl", obj, GearmanWorker):
        return obj.setSSL(ssl, ca_file, certificate, key_file)


__all__ = [
    "gearman_worker_add_function",
    "gearman_worker_add_options",
    "gearman_worker_add_server",
    "gearman_worker_add_servers",
    "gearman_worker_create",
    "gearman_worker_enable_exception_handler",
    "gearman_worker_errno",
    "gearman_worker_error",
    "gearman_worker_grab_job",
    "gearman_worker_options",
    "gearman_worker_ping",
    "gearman_worker_register",
    "gearman_worker_remove_options",
    "gearman_worker_return_code",
    "gearman_worker_set_id",
    "gearman_worker_set_options",
    "gearman_worker_set_ssl",
    "gearman_worker_set_timeout",
    "gearman_worker_timeout",
    "gearman_worker_unregister",
    "gearman_worker_unregister_all",
    "gearman_worker_wait",
    "gearman_worker_work",
]
