"""Numbers are written as PHP writes them, compared with PHP."""

from __future__ import annotations

import json
import math
import random
import struct
import subprocess

from gearman_cffi.ext import arguments

SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1.5,
    0.1,
    0.2 + 0.1,
    1 / 3,
    math.pi,
    math.inf,
    -math.inf,
    math.nan,
    2.5e-5,
    1e-4,
    9.9e-5,
]
EDGES = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 123456789012345.678, 999999999999999.9, 0.00012345]
POWERS = [sign * m * 10.0**power for power in range(-30, 31) for m in (1, 1.25, 9.999999999999999) for sign in (1, -1)]

PHP = """
$values = [];
foreach (json_decode(stream_get_contents(STDIN)) as $bytes) $values[] = strval(unpack("E", hex2bin($bytes))[1]);
echo json_encode($values);
"""


def floats() -> list[float]:
    """Returns special floats, powers of ten and their neighbours, and random floats."""
    any_bits = random.Random(2)
    values = SPECIAL + EDGES + POWERS
    values += [math.nextafter(10.0**power, towards) for power in range(-6, 20) for towards in (0.0, math.inf)]
    values += [struct.unpack(">d", any_bits.randbytes(8))[0] for _ in range(500)]
    values += [any_bits.uniform(-1e6, 1e6) for _ in range(500)]
    values += [float(any_bits.randrange(10**size)) for size in range(1, 25) for _ in range(10)]
    return values


class TestNumbers:
    """Numbers as data and names."""

    def test_floats_are_written_as_php_writes_them(self) -> None:
        """Floats are written as by PHP's strval()."""
        values = floats()
        php = subprocess.run(
            ["php", "-n", "-d", "precision=14", "-r", PHP],
            input=json.dumps([struct.pack(">d", value).hex() for value in values]),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        expected = dict(zip(map(repr, values), json.loads(php.stdout), strict=True))
        written = {repr(value): bytes(arguments.data(value, "value")).decode() for value in values}
        assert written == expected

    def test_ints_are_written_in_full(self) -> None:
        """Integers are written with every digit, also beyond 64 bits; bools as PHP writes them."""
        for value in (0, -1, 2**31, -(2**63), 2**64, 10**40):
            assert arguments.data(value, "value") == str(value).encode()
        assert arguments.data(True, "value") == b"1"
        assert arguments.data(False, "value") == b""
