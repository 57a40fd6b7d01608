"""What a soak has found: as a table for people, as JSON for programs."""

from __future__ import annotations

import dataclasses
import platform
from collections import Counter
from collections.abc import Sequence
from typing import Any

import gearman_cffi
from gearman_cffi.ext import gearman_version
from tests.soak.calls import Verdict
from tests.soak.faults import KINDS, Fault
from tests.soak.ledger import Ledger
from tests.soak.memory import Series
from tests.soak.percentiles import percentile
from tests.soak.periods import Periods
from tests.soak.plan import Plan
from tests.support import gearmand_version

SHOWN = 20  # names in a list of what is wrong


@dataclasses.dataclass(frozen=True)
class Result:
    """A finished soak. problems: what was wrong besides the jobs."""

    plan: Plan
    ledger: Ledger
    faults: list[Fault]
    series: list[Series]
    pool_starts: int
    problems: list[str]

    def verdict(self) -> list[str]:
        """Everything that is wrong; empty if all is well."""
        ledger = self.ledger
        faults = self._fault_periods()
        # On a busy machine calls of a brief soak may run into their timeouts.
        failures = [] if self.plan.is_brief else ledger.unexplained_failures(faults)
        found = list(self.problems)
        for what, names in {
            "jobs are lost": ledger.lost,
            "jobs were done again without a fault": ledger.unexplained_repetitions(faults),
            "calls failed without a fault": failures,
            "contradictions": ledger.contradictions(),
            "calls were late, or raised what is not documented": ledger.complaints,
        }.items():
            if names:
                found.append(f"{len(names)} {what}: {', '.join(names[:SHOWN])}")
        if wrong := ledger.totals()[Verdict.WRONG.value]:
            found.append(f"{wrong} wrong answers")
        if not ledger.totals()[Verdict.ANSWERED.value]:
            found.append("no job was answered")
        return found

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        begin = self.plan.begin
        return {
            "ok": not self.verdict(),
            "problems": self.verdict(),
            "seed": self.plan.seed,
            "seconds": self.plan.seconds,
            "load": self.plan.load,
            "versions": {
                "gearman-cffi": gearman_cffi.__version__,
                "python": platform.python_version(),
                "libgearman": gearman_version(),
                "gearmand": gearmand_version(),
            },
            "jobs": {kind: dict(self._jobs(kind)) for kind in self.ledger.accounts},
            "lost": len(self.ledger.lost),
            "gone with the server": len(self.ledger.gone),
            "longest calls": self.ledger.longest,
            "errors": dict(self.ledger.errors),
            "latency": {"all": self._latency(self._all_latencies()), "over time": list(self.latency_over_time())},
            "faults": [
                {
                    "kind": fault.kind,
                    "detail": fault.detail,
                    "begin": round(fault.begin - begin, 3),
                    "end": round(fault.end - begin, 3),
                    "recovery": round(fault.recovery, 3) if fault.recovered else None,
                }
                for fault in self.faults
            ],
            "share of time without a fault": round(self._share_without_fault(), 3),
            "pool starts": self.pool_starts,
            "memory": {
                series.name: {
                    "side": series.side,
                    "growth": series.growth(list(self.plan.rounds())),
                    "samples": [(round(one.seconds, 1), one.size, one.descriptors) for one in series.samples],
                }
                for series in self.series
            },
        }

    def latency_over_time(self) -> list[dict[str, float]]:
        """The percentiles of each bucket, in seconds."""
        return [
            {"seconds": bucket * self.ledger.bucket_seconds, **self._latency(sorted(values))}
            for bucket, values in sorted(self.ledger.latencies.items())
        ]

    def table(self) -> str:
        """For people."""
        lines = [f"{'jobs':14}{''.join(f'{kind:>10}' for kind in self.ledger.accounts)}{'total':>10}"]
        columns = [self._jobs(kind) for kind in self.ledger.accounts]
        total: Counter[str] = sum(columns, Counter())
        for what in [*(verdict.value for verdict in Verdict), "done once", "done again"]:
            lines.append(f"{what:14}{''.join(f'{column[what]:10}' for column in columns)}{total[what]:10}")
        longest = self.ledger.longest.values()
        lines.append(f"{'longest call':14}{''.join(f'{one:8.2f} s' for one in [*longest, max(longest)])}")
        gone = len(self.ledger.gone)
        lines.append(f"lost {len(self.ledger.lost)}; gone with the server, which had them in memory only: {gone}")
        errors = ", ".join(f"{name} {number}" for name, number in self.ledger.errors.most_common())
        lines.append(f"errors: {errors or 'none'}")
        lines += ["", f"{'faults':22}{'number':>8}{'longest recovery':>20}"]
        for kind in KINDS:
            recoveries = [one.recovery for one in self.faults if one.kind == kind]
            number = sum(one.kind == kind for one in self.faults)
            lines.append(f"{kind:22}{number:8}{max(recoveries, default=0):18.1f} s")
        lines.append(f"time without a fault: {self._share_without_fault():.0%}")
        latency = self._latency(self._all_latencies())
        shown = ", ".join(f"{name} {latency[name] * 1000:.1f} ms" for name in ("p50", "p99", "max"))
        lines += ["", f"latency of {latency['number']} calls: {shown}"]
        lines += ["", f"{'memory':22}{'at the end':>12}{'growth':>12}"]
        for series in self.series:
            growth = series.growth(list(self.plan.rounds()))
            size = series.samples[-1].size if series.samples else 0
            shown = f"{growth[0] / 2**20:8.1f} MiB" if growth else f"{'-':>12}"
            lines.append(f"{series.name:22}{size / 2**20:8.1f} MiB{shown}")
        return "\n".join(lines)

    def _jobs(self, kind: str) -> Counter[str]:
        return self.ledger.outcomes[kind] + self.ledger.count_done(kind)

    def _fault_periods(self) -> Periods:
        """When there was a fault, or not everything worked again after it."""
        return Periods((fault.begin, fault.recovered or self.plan.end + 60) for fault in self.faults)

    def _share_without_fault(self) -> float:
        return 1 - self._fault_periods().seconds(self.plan.begin, self.plan.end) / self.plan.seconds

    def _all_latencies(self) -> list[float]:
        return sorted(value for values in self.ledger.latencies.values() for value in values)

    def _latency(self, values: Sequence[float]) -> dict[str, float]:
        shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        return {"number": len(values), **{name: round(percentile(values, share), 6) for name, share in shares.items()}}
