"""What some tests need and not every machine has: `@pytest.mark.needs("libgearman 2")`. See conftest.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from gearman_cffi.ext import capabilities
from tests.support import NAMESPACE, priorities_come_first


def _can_drop_packets() -> bool:
    """Whether a process can have a network of its own, with iptables."""
    check = [*NAMESPACE, "iptables", "-w", "-L"]
    return bool(shutil.which("iptables")) and subprocess.run(check, capture_output=True, check=False).returncode == 0


def _has_openssl_3() -> bool:
    if not shutil.which("openssl"):
        return False
    printed = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    return int(printed.split()[1].partition(".")[0]) >= 3


NEEDS: dict[str, Callable[[], bool]] = {
    "libgearman 1": lambda: not capabilities.needs_interposition,  # Q41: 2.0 is refused without interposition
    "libgearman 2": lambda: capabilities.stop_wait_on_signal,
    "libgearman without TLS": lambda: not capabilities.tls,
    "gearmand 1": lambda: not priorities_come_first(),
    "Python with 64 bits": lambda: sys.maxsize > 2**32,
    "no sanitizer": lambda: "libasan" not in os.environ.get("LD_PRELOAD", ""),  # it takes memory for each block
    "promtool": lambda: bool(shutil.which("promtool")),  # of Prometheus
    "systemd": lambda: bool(shutil.which("systemd-analyze")),
    "OpenSSL 3": _has_openssl_3,
    "iptables and network namespaces": _can_drop_packets,
}
