"""Records what PHP prints with the extension's version groups.TARGET.

usage: PATH=DIRECTORY:$PATH python -m tests.parity.record GROUP...     DIRECTORY has a php that loads this version

Only groups in which the version of the distributions prints something else need a recording.
"""

from __future__ import annotations

import subprocess
import sys

from tests.parity.groups import GROUPS, HERE, RECORDED, TARGET, Runs, installed_version
from tests.parity.normalize import normalize


def main(groups: list[str]) -> None:
    if installed_version() != TARGET or not set(groups) <= {*GROUPS, "introspect"}:
        sys.exit(__doc__)
    RECORDED.mkdir(exist_ok=True)
    runs = Runs([group for group in groups if group != "introspect"])
    for group in groups:
        if group == "introspect":
            command = ["php", str(HERE / "php/introspect.php")]
            found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
            (RECORDED / "introspect.json").write_text(found + "\n", "utf-8")
        else:
            text = "\n".join(normalize(runs.outputs(group).php)).rstrip("\n")
            (RECORDED / f"{group}.txt").write_text(text + "\n", "utf-8", "surrogateescape")
    runs.close()


if __name__ == "__main__":
    main(sys.argv[1:])
