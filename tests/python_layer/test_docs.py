"""What the documents name exists."""

from __future__ import annotations

import ast
import importlib
import re

import pytest

import gearman_cffi
from gearman_cffi import events, subscribers
from tests.support import ROOT

PAGES = ["README.md", "docs/python-layer.md", "docs/porting-from-dmank.md"]
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
    """Each is there, and the table of the page has its class."""
    kind = getattr(gearman_cffi, name, None) or getattr(events, name)
    assert [attribute for attribute in attributes if not hasattr(kind, attribute)] == []
    assert f"`{name}" in (ROOT / PAGES[2]).read_text() or f"events.{name}" in (ROOT / PAGES[2]).read_text()


@pytest.mark.parametrize("page", PAGES)
def test_code_in_the_pages(page: str) -> None:
    """It is Python, and what it imports of the package is there."""
    for block in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("gearman_cffi"):
                module = importlib.import_module(node.module)
                missing = [alias.name for alias in node.names if alias.name != "*" and not hasattr(module, alias.name)]
                assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_names_in_the_pages(page: str) -> None:
    """Methods that stand in backticks as `name(...)` belong to some public class, or are public functions."""
    known = set(dir(gearman_cffi)) | set(dir(events)) | set(dir(subscribers)) | {"dispatch"}
    for module in (gearman_cffi, events, subscribers):
        for name in module.__all__:
            known |= set(dir(getattr(module, name)))
    text = (ROOT / page).read_text()
    ours = re.findall(r"`([a-z][a-z_]+)\(", text)
    assert [name for name in ours if "_" in name and name not in known] == []
