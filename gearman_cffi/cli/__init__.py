"""The command gearman-cffi. It needs click and rich, which the extra "cli" installs; the library itself does not."""

from __future__ import annotations

import sys

from gearman_cffi.cli.extras import MissingExtra, need
from gearman_cffi.cli.io import flush_streams, prepare_streams, print_message
from gearman_cffi.exit_code import ExitCode


def main() -> None:
    """Runs the command line and ends the process."""
    prepare_streams()
    code = int(ExitCode.FAILED)
    try:
        need("cli", "click", "rich")
        from gearman_cffi import ext  # noqa: F401  (raises ImportError if libgearman is missing)
    except (MissingExtra, ImportError) as error:
        print_message(f"gearman-cffi: {error}", multiline=True)
    else:
        from gearman_cffi.cli.app import run

        code = run()
    sys.exit(code if flush_streams() else code or ExitCode.FAILED)
