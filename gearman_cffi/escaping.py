"""Texts from the network, made safe for a terminal and for a reader of lines."""

from __future__ import annotations


def escape(value: object) -> str:
    """The text of a value with line ends, control characters and bytes that are not text as backslash escapes.

    Names and messages come from the network; on a terminal they could otherwise move the cursor or fake a line.
    """
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
