"""Base of the state machines that run the same steps in PHP and with the mirror, each with a gearmand of its own."""

from __future__ import annotations

import atexit
import functools
import json
import re
import shutil
import subprocess
from contextlib import ExitStack
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from gearman_cffi.ext import ReturnCode
from gearman_cffi.testing import Gearmand
from tests.model.mirror_steps import Answer, Mirror, Step
from tests.model.php_differences import WITHOUT_PHP, is_intended
from tests.model.php_process import Php, PhpEndedError
from tests.parity.normalize import normalize

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# All that a program may raise: wrong arguments, options that a server refuses, re-entry, and what it raises itself.
_DOCUMENTED = {"TypeError", "ValueError", "GearmanException", "ConcurrentUseError", "RuntimeException"}
_CODES = {int(code) for code in ReturnCode}


@functools.cache
def shared_php() -> Php | None:
    """The PHP process of this test session; None without PHP or its extension."""
    php = shutil.which("php")
    if php is None or subprocess.run([php, "--re", "gearman"], capture_output=True, check=False).returncode:
        return None
    started = Php()
    atexit.register(started.close)
    return started


class MirrorLikePhp(RuleBasedStateMachine):
    """Runs each step in both languages. Answers must be the same, but for what php_differences.py says.

    php is None in programs that do what PHP must not be asked, and if there is no PHP. Then only this is checked: calls
    raise what is documented, the return codes exist, and the object works afterwards.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = ExitStack()
        self.mirror = Mirror()
        self.php: Php | None = None
        self.has_failed = False

    def start(self, with_php: bool) -> None:
        """Starts the servers, and a program in PHP."""
        prefix = ["--job-handle-prefix=H:model"]  # so that the handles are the same
        self.server = self.cleanup.enter_context(Gearmand(prefix))
        self.php = shared_php() if with_php else None
        if self.php is not None:
            self.php_server = self.cleanup.enter_context(Gearmand(prefix))
            self.php.begin()
            self.cleanup.callback(self.php.end)

    @property
    def servers(self) -> list[Gearmand]:
        """The mirror's, and PHP's if there is one."""
        return [self.server] if self.php is None else [self.server, self.php_server]

    def may(self, difference: str) -> bool:
        """Whether this program may do what PHP must not be asked."""
        assert difference in WITHOUT_PHP
        return self.php is None

    def new(self, kind: str, name: str) -> None:
        """Makes an object."""
        self.step({"new": kind, "as": name})

    def call(
        self, on: str, method: str, *arguments: Any, keep: str | None = None, differs: tuple[str, ...] = ()
    ) -> Any:
        """Calls a method in both languages, and returns what the mirror's returned, encoded.

        keep: a name for the object that it returns. differs: in which ways it may differ from PHP.
        """
        step: Step = {"on": on, "call": method, "with": list(arguments)}
        if keep is not None:
            step["as"] = keep
        return self.step(step, *differs)["value"]

    def step(self, step: Step, *differs: str) -> Answer:
        """Runs a step in both languages, and compares the answers."""
        if self.php is not None:
            self.php.send(with_port(step, self.php_server.port))
        try:
            ours = self.mirror.run(with_port(step, self.server.port))
        finally:
            theirs = self._answer_of_php(step)
        raised = ours["value"].get("raised") if isinstance(ours["value"], dict) else None
        if raised is not None and raised not in _DOCUMENTED:
            self.fail(f"{step} raises {ours['value']}")
        if ours["state"] and ours["state"][0] not in _CODES:
            self.fail(f"{step} has the return code {ours['state'][0]}")
        if theirs is not None and not is_intended(theirs, ours, *differs):
            expected, seen = lines(theirs, self.php_server.port), lines(ours, self.server.port)
            if seen != expected:
                self.fail("\n".join(["after", json.dumps(step), "PHP:", *expected, "the mirror:", *seen]))
        return ours

    def fail(self, text: str) -> None:
        """Fails the program."""
        self.has_failed = True
        raise AssertionError(text)

    def _answer_of_php(self, step: Step) -> Answer | None:
        if self.php is None:
            return None
        try:
            return self.php.receive()
        except PhpEndedError as ended:
            self.fail(f"{ended} in {step}")
            raise

    def check_afterwards(self) -> None:
        """The object is still usable."""

    def teardown(self) -> None:
        with self.cleanup:
            if not self.has_failed:
                self.check_afterwards()


def with_port(value: Any, port: int) -> Any:
    """A step with the port of a system's server in place of {"port": 0}."""
    if isinstance(value, list):
        return [with_port(one, port) for one in value]
    if isinstance(value, dict):
        return port if "port" in value else {key: with_port(one, port) for key, one in value.items()}
    return value


def lines(answer: Answer, port: int) -> list[str]:
    """An answer as lines in the form of the parity tests, without what is not compared."""
    events = sorted(answer["events"], key=lambda event: json.dumps(event[0]))  # tasks run in any order
    text = [f"[{kind}] {warning}" for kind, warning in answer["warnings"]]
    text += [f"{json.dumps(context)} {what} {' '.join(map(shown, rest))}" for context, what, *rest in events]
    text.append(f"-> {shown(answer['value'])}")
    if answer["state"]:
        rc, error, errno = answer["state"]
        text.append(f"rc {rc}{'=SUCCESS' if not rc else ''}, error {shown(error)}, errno {errno}")
    joined = _UUID.sub("<uuid>", "\n".join(text)).replace(str(port), "<port>")
    return normalize(joined.replace("::dolow()", "::doLow()"))  # so in the extension up to 2.1.1


def shown(value: Any) -> str:
    """An encoded value as a text."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        if "raised" in value:
            return f"THROWS {value['raised']}({shown(value['message'])}, code 0)"
        return json.dumps(value["s"]) if "s" in value else json.dumps(value)
    return json.dumps(value)
