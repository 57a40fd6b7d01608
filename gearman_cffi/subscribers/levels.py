"""The level "notice" of dmank's log, which Python's logging lacks."""

from __future__ import annotations

import logging
from typing import Final

NOTICE: Final = 25  # between INFO and WARNING, as syslog orders them


def register_notice_level() -> None:
    """Gives the level its name, unless the program has named it already."""
    if logging.getLevelName(NOTICE) == f"Level {NOTICE}":
        logging.addLevelName(NOTICE, "NOTICE")
