"""JobLogFilter: which job a line of the log belongs to."""

from __future__ import annotations

import logging
from typing import Any

from gearman_cffi.exceptions import JobNotRunning
from gearman_cffi.jobs import Job, current_job


class JobLogFilter(logging.Filter):
    """A filter for log handlers that adds the job which is executed to each record.

    The attributes are gearman_function, gearman_handle, gearman_unique and gearman_attempt, a number from 1. Outside of
    a job they are empty, and 0. Code in threads that a handler starts is outside of the job, see current_job().

    Example:
            handler.addFilter(JobLogFilter())
            handler.setFormatter(logging.Formatter("%(gearman_function)s %(gearman_handle)s %(message)s"))
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds the attributes, unless the record has them.

        Args:
            record: The record.

        Returns:
            True.

        Example:
                record = logging.makeLogRecord({"msg": "hello"})
                JobLogFilter().filter(record)
                assert record.gearman_attempt == 0  # no job is running
        """
        if not hasattr(record, "gearman_handle"):
            try:
                record.__dict__.update(job_attributes(current_job()))
            except JobNotRunning:
                record.__dict__.update(job_attributes(None))
        return True


def job_attributes(job: Job | None) -> dict[str, Any]:
    """The attributes of a log record for a job; None for none."""
    return {
        "gearman_function": "" if job is None else job.get_job_name(),
        "gearman_handle": "" if job is None else job.handle,
        "gearman_unique": "" if job is None else job.unique or "",
        "gearman_attempt": 0 if job is None else job.attempt,
    }
