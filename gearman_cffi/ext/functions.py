"""All functions of the extension, which stand for the methods of its classes."""

from __future__ import annotations

from gearman_cffi.ext.functions_client import *
from gearman_cffi.ext.functions_client_tasks import *
from gearman_cffi.ext.functions_general import *
from gearman_cffi.ext.functions_job import *
from gearman_cffi.ext.functions_task import *
from gearman_cffi.ext.functions_worker import *
