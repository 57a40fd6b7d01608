"""Adds to a repaired wheel the licence notices of the distribution's libraries that it carries.

usage: python script/notices.py WHEEL FOLDER      writes the wheel with the notices into the folder

auditwheel lists in the wheel's SBOM the package of each library that it has copied; Debian has a package's notices
in /usr/share/doc/PACKAGE/copyright. They go where wheels have licences (PEP 639).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

DOCUMENTS = Path("/usr/share/doc")
CARRIED = "gearman_cffi/_libgearman/carried"


def packages(wheel: Path, information: Path) -> list[str]:
    """The names of the distribution's packages whose libraries are in the unpacked wheel, each once.

    Raises SystemExit where a library is of no known package.
    """
    libraries = [path.name for path in (wheel / CARRIED).iterdir()]
    bill = json.loads((information / "sboms/auditwheel.cdx.json").read_text("utf-8"))
    owners = [part["name"] for part in bill["components"] if not part["purl"].startswith("pkg:pypi/")]
    if not libraries or len(owners) != len(libraries):
        raise SystemExit(f"the wheel carries {libraries}, of which auditwheel knows the packages {owners}")
    return sorted(set(owners))


def add_notice(package: str, information: Path) -> str:
    """Copies a package's notices into the wheel's licences. Returns their path there, as the metadata has it."""
    source = DOCUMENTS / package / "copyright"
    if not source.is_file():
        raise SystemExit(f"the notices of {package} are not on this machine: no file {source}")
    target = information / "licenses" / package / source.name
    target.parent.mkdir()
    target.write_bytes(source.read_bytes())
    return f"{package}/{source.name}"


def name_in_metadata(notices: list[str], information: Path) -> None:
    """Adds the notices to the metadata's list of licence files, behind the package's own."""
    metadata = information / "METADATA"
    head, separator, description = metadata.read_text("utf-8").partition("\n\n")
    lines = head.splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("License-File: "))
    lines[last + 1 : last + 1] = [f"License-File: {notice}" for notice in notices]
    metadata.write_text("\n".join(lines) + separator + description, "utf-8")


def main(wheel: str, folder: str) -> None:
    """Unpacks, adds, and packs again, which also writes RECORD anew."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["wheel", "unpack", "--dest", scratch, wheel], check=True, stdout=subprocess.DEVNULL)
        (unpacked,) = Path(scratch).iterdir()
        (information,) = unpacked.glob("*.dist-info")
        notices = [add_notice(package, information) for package in packages(unpacked, information)]
        name_in_metadata(notices, information)
        Path(folder).mkdir(parents=True, exist_ok=True)
        subprocess.run(["wheel", "pack", "--dest-dir", folder, str(unpacked)], check=True, stdout=subprocess.DEVNULL)
    print(f"notices added: {', '.join(notices)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
