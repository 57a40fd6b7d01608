"""The mirror of PHP's ext-gearman: the same classes, methods, constants and behaviour, by the same names.

``from gearman_cffi.ext import *`` is to a Python program what loading the extension is to a PHP program. Data is
bytes; names, handles and error texts are str. A PHP warning is a GearmanWarning.
"""

from __future__ import annotations

from gearman_cffi._libgearman import ConcurrentUseError as ConcurrentUseError
from gearman_cffi._libgearman import ForkedUseError as ForkedUseError
from gearman_cffi._libgearman import JobKind as JobKind
from gearman_cffi._libgearman import ReturnCode as ReturnCode
from gearman_cffi._libgearman import capabilities as capabilities
from gearman_cffi.ext import (
    constants,
    functions,
    functions_client,
    functions_client_tasks,
    functions_job,
    functions_task,
    functions_worker,
)
from gearman_cffi.ext.client import GearmanClient
from gearman_cffi.ext.client import Reply as Reply
from gearman_cffi.ext.constants import *  # noqa: F403
from gearman_cffi.ext.exception import GearmanException, GearmanWarning
from gearman_cffi.ext.functions import *  # noqa: F403
from gearman_cffi.ext.functions_client import *  # noqa: F403
from gearman_cffi.ext.functions_client_tasks import *  # noqa: F403
from gearman_cffi.ext.functions_job import *  # noqa: F403
from gearman_cffi.ext.functions_task import *  # noqa: F403
from gearman_cffi.ext.functions_worker import *  # noqa: F403
from gearman_cffi.ext.job import GearmanJob
from gearman_cffi.ext.task import GearmanTask
from gearman_cffi.ext.worker import GearmanWorker

# What PHP does not have is imported by its name: ReturnCode, capabilities, ConcurrentUseError and so on.
__all__ = ["GearmanClient", "GearmanException", "GearmanJob", "GearmanTask", "GearmanWarning", "GearmanWorker"]
__all__ += constants.__all__
__all__ += functions.__all__
__all__ += functions_client.__all__
__all__ += functions_client_tasks.__all__
__all__ += functions_job.__all__
__all__ += functions_task.__all__
__all__ += functions_worker.__all__
