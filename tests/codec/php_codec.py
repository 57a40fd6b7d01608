"""PHP's serialize() and unserialize(), and values as both languages describe them."""

from __future__ import annotations

import json
import math
import select
import struct
import subprocess
from pathlib import Path
from typing import Any

CODEC = str(Path(__file__).with_name("codec.php"))
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
_SECONDS = 45  # far more than any request takes


class PhpCodec:
    """A PHP process that calls serialize() and unserialize()."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["php", "-n", "-d", "serialize_precision=-1", CODEC],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def make(self, tree: list[Any]) -> bytes:
        return bytes.fromhex(self._ask(["make", tree]))

    def describe(self, data: bytes) -> list[Any] | None:
        tree: list[Any] | None = self._ask(["describe", data.hex()])
        return tree

    def _ask(self, request: list[Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], _SECONDS)[0]:
            self._process.kill()
            raise TimeoutError(f"PHP does not answer {json.dumps(request)}")
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=10)


def key_form(key: int | str | bytes) -> int | bytes:
    """The key as PHP stores it."""
    if isinstance(key, int):
        return key
    data = key.encode() if isinstance(key, str) else key
    text = data.decode("latin-1")
    is_number = text.isascii() and text.removeprefix("-").isdigit() and str(int(text)) == text
    return int(text) if is_number and INT_MIN <= int(text) <= INT_MAX else data


def tree_of(value: Any) -> list[Any]:
    """The value as codec.php describes it."""
    if value is None:
        return ["n"]
    if isinstance(value, bool):
        return ["b", value]
    if isinstance(value, int):
        return ["i", str(value)]
    if isinstance(value, float):
        return ["d", "nan" if math.isnan(value) else struct.pack(">d", value).hex()]
    if isinstance(value, (str, bytes)):
        return ["s", (value.encode() if isinstance(value, str) else value).hex()]
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return ["a", [[tree_of(key_form(key)), tree_of(item)] for key, item in pairs]]
