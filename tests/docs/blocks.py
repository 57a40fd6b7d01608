"""Finds the code blocks of a page, with Sybil, and the directives for their tests.

The language of a block determines how it is tested (pages.py). Directives are comments, which readers do not see. The
first three apply to the next block, the others are independent of blocks:

    <!-- test: background -->               the program keeps running: a worker, a server
    <!-- test: output -->                   the block is the output of the previous one
    <!-- test: skip, REASON -->             the block cannot run in a test
    <!-- test: end NAME -->                 end the background programs with NAME in their command
    <!-- test: own server -->               the page starts its own server
    <!-- test: copy PATH NAME -->           a file of the repository that the page needs
    <!-- test: hidden file NAME ... -->     a file that the page needs, in the lines that follow
    <!-- test: hidden python ... -->        code that the page needs
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
    """A fenced block or an independent directive. hints are the directives that apply to it."""

    language: str
    title: str | None
    source: str
    line: int
    hints: tuple[str, ...] = field(default=())


def blocks(path: Path) -> list[Block]:
    """All blocks of a page, in order."""
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
    """Adds the directives that apply to the next block to that block."""
    hints: list[str] = []
    for block in found:
        first = (block.title or "").partition(",")[0]
        if block.language == "directive" and first in ("background", "output", "skip"):
            hints.append(block.title or "")
            continue
        yield Block(block.language, block.title, block.source, block.line, tuple(hints))
        hints.clear()
    assert not hints, f"a directive at the end of a page has no block: {hints}"
