"""The prefork pool: worker processes that are replaced, renewed and ended by a parent which does nothing else.

    gearman-cffi worker                the parent: no connections, none of the user's code
      gearman_cffi.pool.forkserver       imports the user's module, once for each generation of code
        (forked) child ... child       a Worker each

Only the parent holds the write end of the template's lifeline: see parent_death.py.
"""

from __future__ import annotations

from gearman_cffi.pool.options import ExitCode, PoolOptions
from gearman_cffi.pool.pool import Pool

__all__ = ["ExitCode", "Pool", "PoolOptions"]
