"""Names in the documentation exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gearman_cffi
from gearman_cffi import admin, dmank, events, ext, subscribers, testing
from tests.support import ROOT

DMANK_PAGE = ROOT / "docs/porting-from-dmank.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = (gearman_cffi, admin, dmank, events, ext, subscribers, testing)
# dmank's classes and methods, by ours.
DMANK = {
    "Server": ["getHost", "getPort"],
    "ServerCollection": ["add", "getServers", "__len__"],
    "Client": ["setImplementation", "executeJob", "executeInBackground", "executeJobs", "getJobStatus"],
    "JobStatus": ["isKnown", "isRunning", "isCompleted"],
    "Job": ["getJobName", "getWorkLoad"],
    "JobHandlerInterface": ["execute", "listensToJob"],
    "JobCollection": ["add", "addMultipleJobs", "getJobs", "getJob", "count"],
    "Worker": ["run", "destroyWorker", "setImplementation"],
    "WorkerEvent": ["getWorkerInstance", "EVENT_BEFORE_RUN", "EVENT_AFTER_RUN", "EVENT_ON_IO_WAIT", "EVENT_ON_WORK"],
    "ConnectToServerEvent": ["getServerCollection", "CONNECT_TO_SERVER_EVENT", "CONNECTED_TO_SERVER_EVENT"],
    "RegisterFunctionEvent": ["getJobs", "EVENT_ON_BEFORE_REGISTER_FUNCTIONS", "EVENT_ON_AFTER_REGISTER_FUNCTIONS"],
    "FunctionEvent": ["getJobHandler", "getJob", "getResult", "FUNCTION_BEFORE_EXECUTE", "FUNCTION_AFTER_EXECUTE"],
    "FunctionFailureEvent": ["getJobHandler", "getJob", "getException", "FUNCTION_ON_FAILURE"],
    "WorkerExceptionEvent": ["getWorker", "getException", "EVENT_ON_FAILURE"],
    "EventDispatcher": ["addListener", "addSubscriber", "dispatch", "hasListeners"],
}


@pytest.mark.parametrize(("name", "attributes"), DMANK.items(), ids=list(DMANK))
def test_dmanks_names(name: str, attributes: list[str]) -> None:
    """Each name exists, and the table of the page has its class."""
    kind = getattr(dmank, name)
    assert [attribute for attribute in attributes if not hasattr(kind, attribute)] == []
    text = DMANK_PAGE.read_text("utf-8")
    assert f"`{name}" in text


def _public_names() -> set[str]:
    known = {"dispatch", "json_decode", "json_encode"}  # the last two are PHP's
    for module in MODULES:
        known |= set(dir(module))
        for name in module.__all__:
            known |= set(dir(getattr(module, name)))
    return known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_in_the_pages(page: Path) -> None:
    """A name in backticks such as `name(...)` is a public function, or a method of a public class."""
    ours = re.findall(r"`(?!gearman_|gcffi_)([a-z][a-z_]+)\(", page.read_text("utf-8"))  # these are C's
    known = _public_names()
    assert [name for name in ours if "_" in name and name not in known] == []
