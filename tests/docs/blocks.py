"""The code blocks of a page, found by Sybil, each with what is done with it.

A block's language says how it is checked (pages.py). Comments in the page, which readers do not see, help where that is
not enough; each stands for the next block, or by itself:

    <!-- test: background -->               the program keeps running: a worker, a server
    <!-- test: output -->                   what the block before it has printed
    <!-- test: skip, REASON -->             what only runs where no test can run it
    <!-- test: end NAME -->                 ends the background programs with NAME in their command
    <!-- test: own server -->               the page starts its server itself
    <!-- test: hidden file NAME ... -->     a file that the page takes for granted, in the lines that follow
    <!-- test: hidden python ... -->        code that the page takes for granted
    <!-- test: hidden worker ... -->        handlers of `jobs`, and a worker that runs them in the background
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sybil import Document, Example, Region
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, RawFencedCodeBlockLexer

_INFO = re.compile(r"(?P<language>[\w-]*)(?: +title=\"(?P<title>[^\"]+)\")?[ \t]*$\n", re.MULTILINE)
_fences = RawFencedCodeBlockLexer(_INFO)
_directives = DirectiveInHTMLCommentLexer(directive="test")


@dataclass(frozen=True)
class Block:
    """A fenced block, or a directive that stands by itself. hints are the directives before it."""

    language: str
    title: str | None
    source: str
    line: int
    hints: tuple[str, ...] = field(default=())


def blocks(path: Path) -> list[Block]:
    """All blocks of a page, in their order."""
    found: list[Block] = []

    def collect(make: Callable[[Example], Block]) -> Callable[[Example], None]:
        return lambda example: found.append(make(example))

    def parse(document: Document) -> Iterable[Region]:
        for region in _fences(document):
            yield Region(region.start, region.end, region.lexemes, collect(_fenced))
        for region in _directives(document):
            yield Region(region.start, region.end, region.lexemes, collect(_directive))

    for example in Document.parse(str(path), parse):
        example.evaluate()
    return list(_with_hints(found))


def _fenced(example: Example) -> Block:
    found = example.parsed
    return Block(found["language"], found["title"], found["source"], example.line)


def _directive(example: Example) -> Block:
    return Block("directive", example.parsed["arguments"].strip(), example.parsed["source"], example.line)


def _with_hints(found: Iterable[Block]) -> Iterable[Block]:
    """Joins the directives about the next block with that block."""
    hints: list[str] = []
    for block in found:
        first = (block.title or "").partition(",")[0]
        if block.language == "directive" and first in ("background", "output", "skip"):
            hints.append(block.title or "")
            continue
        yield Block(block.language, block.title, block.source, block.line, tuple(hints))
        hints.clear()
    assert not hints, f"a directive at the end of a page has no block: {hints}"
