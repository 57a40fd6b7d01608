"""How values are shown in the messages of exceptions."""

from __future__ import annotations

from reprlib import Repr

MOST_CHARACTERS = 120

_REPR = Repr()
_REPR.maxlevel = 2
_REPR.maxstring = _REPR.maxlong = _REPR.maxother = MOST_CHARACTERS


def short_repr(value: object) -> str:
    """repr(value), shortened in the middle to at most MOST_CHARACTERS characters."""
    try:
        text = _REPR.repr(value)
    except ValueError:  # an int with more digits than sys.get_int_max_str_digits()
        text = f"<{type(value).__name__} with too many digits to show>"
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[: half - 2]}...{text[1 - half :]}"


def printable(text: str) -> str:
    """Text from the network with control characters escaped, as repr() does, but without quotes."""
    return text if text.isprintable() else repr(text)[1:-1]
