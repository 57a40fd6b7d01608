"""How values, and texts from the network, are shown in messages."""

from __future__ import annotations

from reprlib import Repr

MAX_CHARACTERS = 120

_REPR = Repr()
_REPR.maxlevel = 2
_REPR.maxstring = _REPR.maxlong = _REPR.maxother = MAX_CHARACTERS


def short_repr(value: object) -> str:
    """repr(value), shortened in the middle to at most MAX_CHARACTERS characters."""
    try:
        text = _REPR.repr(value)
    except ValueError:  # an int with more digits than sys.get_int_max_str_digits()
        text = f"<{type(value).__name__} with too many digits to show>"
    if len(text) <= MAX_CHARACTERS:
        return text
    half = MAX_CHARACTERS // 2
    return f"{text[: half - 2]}...{text[1 - half :]}"


def escape(value: object, keep: str = "") -> str:
    """The text of a value with line ends, control characters and bytes that are not text as backslash escapes.

    Names and messages come from the network; on a terminal they could otherwise move the cursor or fake a line.
    keep: characters that are not escaped.
    """
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return "".join(
        letter if letter.isprintable() or letter in keep else letter.encode("unicode_escape").decode()
        for letter in text
    )


def count(number: int, singular: str, plural: str) -> str:
    """A number with its noun: "1 job", "2 jobs"."""
    return f"{number} {singular if number == 1 else plural}"
