"""The Python programs that are measured. The runner starts each in a process of its own."""

from __future__ import annotations
