"""The command gearman-cffi. It stands on click and rich, which are not needed by the library: the extra "cli"."""

from __future__ import annotations

import sys

from gearman_cffi.cli.extras import MissingExtra, need


def main() -> None:
    """The entry point."""
    try:
        need("cli", "click", "rich")
    except MissingExtra as missing:
        sys.exit(f"gearman-cffi: {missing}")
    from gearman_cffi.cli.app import run

    run()
