"""The corpus: data from which script/fuzz-codec begins, and that the suite checks. A literal of Python in each line."""

from __future__ import annotations

import ast
from pathlib import Path

FILE = Path(__file__).with_name("corpus.txt")


def read() -> list[bytes]:
    """Returns all inputs."""
    return [ast.literal_eval(line) for line in FILE.read_text("ascii").splitlines()]


def write(inputs: set[bytes]) -> None:
    """Replaces all inputs."""
    FILE.write_text("".join(f"{data!r}\n" for data in sorted(inputs, key=lambda data: (len(data), data))), "ascii")
