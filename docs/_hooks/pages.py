"""Prepares pages for the site that read well in the repository too. mkdocs calls on_page_markdown() for each page.

A paragraph that is only a link to a Markdown file outside of docs/, such as `[Changelog](../CHANGELOG.md)`, becomes the
text of that file. In the repository, readers follow the link. The home page has no table of contents.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"^\[[^\]]+\]\(\.\./([A-Z]+\.md)\)$", re.MULTILINE)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Insert the files into a page. Their titles are left out, if the page has one."""

    def text(link: re.Match[str]) -> str:
        content = (_ROOT / link[1]).read_text("utf-8")
        return re.sub(r"\A# .*\n+", "", content) if markdown.lstrip().startswith("# ") else content

    if page.is_homepage:
        page.meta["hide"] = ["toc"]
    return _LINK.sub(text, markdown)
