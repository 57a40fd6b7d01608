"""Adds the licence notices of the libraries that a repaired wheel contains.

usage: python script/notices.py WHEEL DIRECTORY      writes the wheel with the notices into the directory

The SBOM that auditwheel writes names the Debian package of each copied library; the notices of a package are in
/usr/share/doc/PACKAGE/copyright. They are added to the licence files of the wheel (PEP 639).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

DOCUMENTS = Path("/usr/share/doc")
BUNDLED = "gearman_cffi/_libgearman/bundled"


def packages(wheel: Path, information: Path) -> list[str]:
    """The Debian packages of the libraries in the unpacked wheel. Raises SystemExit if one is not known."""
    libraries = [path.name for path in (wheel / BUNDLED).iterdir()]
    bill = json.loads((information / "sboms/auditwheel.cdx.json").read_text("utf-8"))
    owners = [part["name"] for part in bill["components"] if not part["purl"].startswith("pkg:pypi/")]
    if not libraries or len(owners) != len(libraries):
        raise SystemExit(f"the wheel contains {libraries}, but auditwheel knows only the packages {owners}")
    return sorted(set(owners))


def add_notice(package: str, information: Path) -> str:
    """Copies the notices of a package to the wheel's licences; returns their path for the metadata."""
    source = DOCUMENTS / package / "copyright"
    if not source.is_file():
        raise SystemExit(f"no licence notices of {package}: {source} does not exist")
    target = information / "licenses" / package / source.name
    target.parent.mkdir()
    target.write_bytes(source.read_bytes())
    return f"{package}/{source.name}"


def name_in_metadata(notices: list[str], information: Path) -> None:
    """Adds the notices to the licence files in the metadata, after the package's own."""
    metadata = information / "METADATA"
    head, separator, description = metadata.read_text("utf-8").partition("\n\n")
    lines = head.splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("License-File: "))
    lines[last + 1 : last + 1] = [f"License-File: {notice}" for notice in notices]
    metadata.write_text("\n".join(lines) + separator + description, "utf-8")


def main(wheel: str, directory: str) -> None:
    """Unpacks the wheel, adds the notices, and packs it again, which also updates RECORD."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["wheel", "unpack", "--dest", scratch, wheel], check=True, stdout=subprocess.DEVNULL)
        (unpacked,) = Path(scratch).iterdir()
        (information,) = unpacked.glob("*.dist-info")
        notices = [add_notice(package, information) for package in packages(unpacked, information)]
        name_in_metadata(notices, information)
        Path(directory).mkdir(parents=True, exist_ok=True)
        subprocess.run(["wheel", "pack", "--dest-dir", directory, str(unpacked)], check=True, stdout=subprocess.DEVNULL)
    print(f"notices added: {', '.join(notices)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
