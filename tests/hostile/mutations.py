"""The ways in which an answer is spoiled: what is sent in its place, in pieces, and how the connection ends."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from enum import Enum
from random import Random

from tests._libgearman.fake_servers import packet
from tests.hostile.commands import Command


class End(Enum):
    """What then happens to the connection."""

    CLOSE = "close it"
    RESET = "reset it"
    SILENCE = "send nothing more"


Step = bytes | float | End  # bytes to send, seconds to wait
Mutation = Callable[[bytes, Random], Sequence[Step]]

COMMANDS = [*range(46), 0xF0, 0x7FFFFFFF, 0x80000000, 0xFF00001F, 0xFFFFFFFF]  # the last three are negative
WITHOUT_ARGUMENTS = [
    Command.NOOP,
    Command.NO_JOB,
    Command.WORK_FAIL,
    Command.ECHO_RES,
    Command.ALL_YOURS,
    Command.JOB_CREATED,
    Command.WORK_COMPLETE,
    Command.STATUS_RES,
    Command.JOB_ASSIGN,
]
NUMBERS = [b"", b"-1", b"9" * 30, b"9" * 5000, b"1e5", b"0x10", b"\xff", b"4294967296", b"18446744073709551616", b"NaN"]
ESCAPES = [b"\x1b]0;title\x07\x1b[2J\x1b[31m", b"first\r\nsecond\x00", b"\x9b31m\xe2\x80\xae", b"%s%n%d{0}[bold]"]
LINES = [b"OK\n", b"\n", b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220", b"ERR no\n", b".\n"]


def mutated(answer: bytes, random: Random, truthful: bool = False) -> Sequence[Step]:
    """One mutation of an answer: a packet, or the text of an administrative answer.

    truthful: answers are only lost, cut off and delayed.
    """
    mutations = TRUTHFUL if truthful else [*ON_BYTES, *(ON_PACKETS if answer[:1] == b"\0" else ON_TEXT)]
    return random.choice(mutations)(answer, random)


def _cut(answer: bytes, random: Random) -> Sequence[Step]:
    return [answer[: random.randrange(len(answer) + 1)], random.choice([End.CLOSE, End.RESET, End.SILENCE])]


def _last(answer: bytes, random: Random) -> Sequence[Step]:
    return [answer, random.choice([End.CLOSE, End.RESET, End.SILENCE])]


def _flood(answer: bytes, random: Random) -> Sequence[Step]:
    """The answer again and again, for longer than a call may take, or a packet that means nothing."""
    much = random.choice([answer, packet(Command.NOOP), packet(Command.WORK_STATUS, b"H:unknown:1", b"1", b"2")]) * 50
    return [much, 0.002] * 100


def _drip(answer: bytes, random: Random) -> Sequence[Step]:
    steps: list[Step] = []
    for at in range(0, min(len(answer), 40), 3):
        steps += [answer[at : at + 3], 0.003]
    return [*steps, answer[40:]]


def _late(answer: bytes, random: Random) -> Sequence[Step]:
    return [random.choice([0.02, 0.12]), answer]


def _silence(answer: bytes, random: Random) -> Sequence[Step]:
    return [End.SILENCE]


def _left_out(answer: bytes, random: Random) -> Sequence[Step]:
    """What comes after it is sent: so a client may take the next job's handle for its own."""
    return []


def _twice(answer: bytes, random: Random) -> Sequence[Step]:
    return [answer + answer]


def _text_line(answer: bytes, random: Random) -> Sequence[Step]:
    line = random.choice(LINES)
    return [random.choice([line, line + answer, answer + line])]


def _noise(answer: bytes, random: Random) -> Sequence[Step]:
    noise = random.randbytes(random.choice([1, 12, 40, 5000]))
    return [random.choice([noise, answer[:4] + noise, answer + noise])]


def _flipped(answer: bytes, random: Random) -> Sequence[Step]:
    spoiled = bytearray(answer)
    for _ in range(random.randrange(1, 4)):
        spoiled[random.randrange(len(spoiled))] ^= 1 << random.randrange(8)
    return [bytes(spoiled)]


def _command(answer: bytes, random: Random) -> Sequence[Step]:
    return [answer[:4] + struct.pack(">I", random.choice(COMMANDS)) + answer[8:]]


def _size(answer: bytes, random: Random) -> Sequence[Step]:
    right = len(answer) - 12
    size = random.choice([0, 1, max(right - 1, 0), right + 1, right + 200, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
    return [answer[:8] + struct.pack(">I", size) + answer[12:]]


def _magic(answer: bytes, random: Random) -> Sequence[Step]:
    return [random.choice([b"\0REQ", b"\0res", b"\xffRES"]) + answer[4:]]


def _without_arguments(answer: bytes, random: Random) -> Sequence[Step]:
    """Before the answer, or in its place, sometimes behind a packet for a job that the client does not know."""
    empty = packet(random.choice(WITHOUT_ARGUMENTS))
    unknown = packet(Command.WORK_STATUS, b"H:unknown:" + b"N" * random.choice([1, 53, 54, 300]), b"1", b"2")
    return [random.choice([empty, empty + answer, unknown + empty, unknown + empty + answer])]


def _arguments(answer: bytes, random: Random) -> Sequence[Step]:
    """One argument is replaced, dropped or added."""
    arguments = answer[12:].split(b"\0")
    place = random.randrange(len(arguments))
    values = [b"", b"x" * 63, b"x" * 64, b"x" * 300, b"x" * 20000, *NUMBERS, *ESCAPES]
    change = random.randrange(3)
    if change == 0:
        arguments[place] = random.choice(values)
    elif change == 1:
        del arguments[place]
    else:
        arguments.insert(place, random.choice(values))
    return [packet(struct.unpack(">I", answer[4:8])[0], *arguments)]


def _error(answer: bytes, random: Random) -> Sequence[Step]:
    hostile = [random.choice(ESCAPES), random.choice(ESCAPES)]
    arguments = [[], [b"code"], [b"code", b"text"], [b"", b""], hostile, hostile, hostile]
    return [packet(Command.ERROR, *random.choice(arguments)) + random.choice([b"", answer])]


def _numbers(answer: bytes, random: Random) -> Sequence[Step]:
    columns = answer.split(b"\t")
    columns[random.randrange(len(columns))] = random.choice(NUMBERS)
    return [b"\t".join(columns)]


def _words(answer: bytes, random: Random) -> Sequence[Step]:
    place = random.randrange(len(answer))
    return [answer[:place] + random.choice([*ESCAPES, *NUMBERS, b"\t", b"\n", b" : "]) + answer[place:]]


def _without_end(answer: bytes, random: Random) -> Sequence[Step]:
    return [answer.removesuffix(b".\n").rstrip(b"\n"), random.choice([End.CLOSE, End.SILENCE])]


def _refusal(answer: bytes, random: Random) -> Sequence[Step]:
    return [b"ERR " + random.choice([b"", b"UNKNOWN_JOB", b"UNKNOWN_COMMAND Unknown+server+command", *ESCAPES]) + b"\n"]


TRUTHFUL: list[Mutation] = [_cut, _last, _drip, _late, _silence]
ON_BYTES: list[Mutation] = [*TRUTHFUL, _left_out, _cut, _twice, _text_line, _noise, _flipped, _flood]
ON_PACKETS: list[Mutation] = [_command, _size, _magic, _without_arguments, _without_arguments, _arguments, _arguments]
ON_PACKETS += [_arguments, _error, _error]
ON_TEXT: list[Mutation] = [
    _numbers,
    _numbers,
    _numbers,
    _words,
    _words,
    _words,
    _words,
    _without_end,
    _refusal,
    _refusal,
]
