"""Removes from the output of a scenario what is not compared, and divides the output into sections."""

from __future__ import annotations

import re

# A process id may equal one of the ports, which are shown by name.
_PLACE = re.compile(r"( ->)? libgearman/[\w./]+:\d+:(?= )|\s*\bpid\((?:\d+|<\w+>)\)")
_STATE = re.compile(r'rc 0=SUCCESS, error (?:false|"(?:[^"\\]|\\.)*"), errno \d+')
_POLLED = re.compile(r'"GEARMAN_IO_WAIT"|(?<=\(\): )GEARMAN_IO_WAIT$')
_ARGUMENTS = re.compile(r'(THROWS|UNCAUGHT) (TypeError|ValueError|ArgumentCountError)\("(?:[^"\\]|\\.)*", code 0\)')


def normalize(output: str) -> list[str]:
    """Returns the lines of an output without what may differ.

    That is: libgearman's source positions and process ids, the text of error() after a success, the message of a
    TypeError or ValueError, and a second request for a job before a worker sleeps.
    """
    lines: list[str] = []
    for line in output.split("\n"):
        line = _PLACE.sub("", line).rstrip()
        line = _ARGUMENTS.sub(lambda found: f"{found[1]} {found[2].replace('ArgumentCount', 'Type')}", line)
        # libgearman leaves one of two texts, depending on whether it had to poll.
        line = _POLLED.sub(lambda found: found[0].replace("IO_WAIT", "UNKNOWN_STATE"), line)
        if not (lines and "-> THROWS Gearman" in lines[-1]):
            line = _STATE.sub("rc 0=SUCCESS", line)
        lines.append(line)
        if len(lines) > 5 and lines[-1].endswith(" PRE_SLEEP") and lines[-3:] == lines[-6:-3]:
            del lines[-3:]
    return lines


def sections(output: str) -> dict[str, list[str]]:
    """Returns the lines of each section, by ``heading / label``; a repeated label gets a number."""
    found: dict[str, list[str]] = {}
    heading = name = ""
    for line in normalize(output):
        if line.startswith("== "):
            heading = name = line[3:]
        elif line.startswith("-- "):
            name = f"{heading} / {line[3:]}"
        else:
            if line:
                found.setdefault(name, []).append(line)
            continue
        again = 1
        base = name
        while name in found:
            again += 1
            name = f"{base} #{again}"
        found[name] = []
    return found
