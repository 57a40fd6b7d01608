"""Arguments that PHP converts or cuts, most of which Python refuses."""
# ruff: noqa: F403, F405

from __future__ import annotations

import pickle
from typing import Any

from gearman_cffi.ext import *
from tests.parity.python.lib import head, port, start_gearmand, value
from tests.parity.python.show import port_names

P = port("P")
start_gearmand(P)
port_names[65536 + P] = "65536+P"
c: Any = GearmanClient()
w: Any = GearmanWorker()
head("out of range")
value("addServer, port + 65536", c.addServer, "127.0.0.1", 65536 + P)
for timeout in (2147483648, 4294967303):
    value(f"setTimeout({timeout})", c.setTimeout, timeout)
value("worker setTimeout(2147483648)", w.setTimeout, 2147483648)
head("NUL in a name")
c = GearmanClient()
c.addServer("127.0.0.1", P)
value("function", c.doBackground, "cut\0tail", "w", "n1")
value("unique", c.doBackground, "cut", "w", "n1\0tail")
value("handle", c.jobStatus, "H:golden:1\0x")
value("context", c.setContext, "a\0b")
value("setId", w.setId, "a\0b")
head("other types")
value("int as function", lambda: c.doBackground(5, "w", "n2") != "")
value("int as unique", lambda: c.doBackground("cut", "w", 7) != "")
value("null as function", c.doNormal, None, "w")
value("null as workload", c.doNormal, "f", None)
value("text as port", c.addServer, "127.0.0.1", "4730x")
value("text as timeout", c.setTimeout, "250")
value("int as context", c.setContext, 5)
value("text as addFunction timeout", w.addFunction, "f", len, None, "x")
head("arguments that are missing or too many")
value("doNormal()", c.doNormal)
value("doNormal with four", c.doNormal, "a", "b", "c", "d")
value("addFunction with one", w.addFunction, "f")
value("new GearmanClient(1)", GearmanClient, 1)
value("setDataCallback()", c.setDataCallback)
head("copies")
for cls in (GearmanClient, GearmanWorker, GearmanJob, GearmanTask):
    value(f"serialize {cls.__name__}", pickle.dumps, cls())
