"""The prefork pool: a parent process that starts, replaces and stops worker processes, and does nothing else.

    gearman-cffi worker                  the parent: no connection to a server, none of the user's code
      gearman_cffi.pool.forkserver       imports the user's module, once for each generation of code
        (forked) worker process ...      a Worker each

Only the parent holds the write end of the pipe in parent_death.py, so that no process outlives it.
"""

from __future__ import annotations

from gearman_cffi.exit_code import ExitCode
from gearman_cffi.pool.options import PoolOptions
from gearman_cffi.pool.pool import Pool

__all__ = ["ExitCode", "Pool", "PoolOptions"]
