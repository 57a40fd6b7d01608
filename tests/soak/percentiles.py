"""Percentiles of latencies and of memory."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by this share of them. values: sorted."""
    return values[min(int(len(values) * share), len(values) - 1)] if values else 0.0
