"""What a Worker is made of; for gearman_cffi.worker and gearman_cffi.pool."""

from __future__ import annotations
