"""python -m gearman_cffi: the command gearman-cffi."""

from __future__ import annotations

from gearman_cffi.cli import main

if __name__ == "__main__":
    main()
