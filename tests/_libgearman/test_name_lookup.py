"""A server whose host name is looked up for a long time."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import Child, preloaded

SLOW_RESOLVER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  typeof(&getaddrinfo) real = dlsym(RTLD_NEXT, "getaddrinfo");
  if (strcmp(host, "slow.test") == 0) {
    sleep(1);
    host = "127.0.0.1";
  }
  return real(host, service, hints, found);
}
"""


@pytest.fixture(scope="module")
def slow_resolver(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A library for LD_PRELOAD with which "slow.test" is looked up for a second."""
    folder = tmp_path_factory.mktemp("resolver")
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(SLOW_RESOLVER)
    compiler = shutil.which("cc") or "gcc"
    subprocess.run([compiler, "-shared", "-fPIC", "-Wall", "-o", library, source, "-ldl"], check=True, timeout=30)
    return str(library)


def test_a_name_is_looked_up_without_the_gil(gearmand: Gearmand, slow_resolver: str) -> None:
    """A worker looks up the name of a lost server again and again, also when it has just had a job."""
    program = """
done, longest = 0, 0.0
def compute():
    global longest
    last = time.monotonic()
    while True:
        now = time.monotonic()
        longest, last = max(longest, now - last), now
def count(job, context):
    global done
    done += 1
worker = worker_of(*PORTS, job=count)
worker.addServer("slow.test", 1, False)
worker.setTimeout(1500)
client = client_of(*PORTS)
threading.Thread(target=compute, daemon=True).start()
for wanted in range(1, 5):
    client.doBackground("job", "x")
    while done < wanted: worker.work()
    worker.work()
say(longest < 1 or longest)
"""
    with Child(program, gearmand.port, **preloaded(slow_resolver)) as child:
        assert child.line(60) == "True"
        assert child.end() == 0, child.errors()


def test_the_time_of_a_lookup_does_not_count(gearmand: Gearmand, slow_resolver: str) -> None:
    """The name of a lost server takes longer than the worker's timeout. The other server's jobs are still done."""
    program = """
done = []
worker = worker_of(*PORTS, job=lambda job, context: done.append(job.workload()))
worker.addServer("slow.test", 1, False)
worker.setTimeout(300)
client = client_of(*PORTS)
for job in [b"1", b"2", b"3"]:
    client.doBackground("job", job)
    codes = []
    while job not in done and len(codes) < 4:
        worker.work()
        codes.append(worker.returnCode())
    say(done[-1:] == [job] or codes)
"""
    with Child(program, gearmand.port, **preloaded(slow_resolver)) as child:
        for _ in range(3):
            assert child.line(30) == "True"
        assert child.end() == 0, child.errors()
