"""What the charts share: an SVG document with the colours of the documentation, light and dark."""

from __future__ import annotations

from collections.abc import Iterable

MARGIN = 12
_STYLE = """
svg { background: #fff; color: #1f2328; border-radius: 8px; font-family: system-ui, sans-serif; font-size: 14px; }
text { fill: currentColor; }
.title { font-size: 16px; font-weight: bold; }
"""
_DARK = "@media (prefers-color-scheme: dark) { svg { background: #1e2129; color: #e6e6e6; } }\n"


def document(width: int, height: int, description: str, style: str, lines: Iterable[str]) -> str:
    """A drawing of this size, with a margin around it. description: for those who cannot see it. style: more CSS."""
    box = f"{-MARGIN} {-MARGIN} {width + 2 * MARGIN} {height + MARGIN}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img">',
            f"<title>{description}</title>",
            f"<style>{_STYLE}{style}{_DARK}</style>",
            *lines,
            "</svg>\n",
        ]
    )


def text(x: float, y: float, content: str, anchor: str = "start", kind: str = "") -> str:
    """A text that begins, ends or has its middle at x. kind: its class."""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    class_ = f' class="{kind}"' if kind else ""
    return f'<text{class_} x="{x:g}" y="{y:g}"{where}>{content}</text>'


def title(x: float, y: float, content: str) -> str:
    """A heading."""
    return text(x, y, content, kind="title")
