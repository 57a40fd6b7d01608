"""Benchmarks: the same work in C, PHP and Python. See `python -m benchmarks --help` and docs/performance.md."""

from __future__ import annotations
