"""setSSL(): refused if it could not encrypt."""

from __future__ import annotations

from pathlib import Path

import pytest

from gearman_cffi.ext import GearmanClient, GearmanWorker, MissingCapabilityError, capabilities

BOTH = pytest.mark.parametrize("kind", [GearmanClient, GearmanWorker])


@BOTH
def test_a_library_without_tls(kind: type[GearmanClient | GearmanWorker]) -> None:
    """libgearman itself would accept it and send everything in plain text."""
    if capabilities.tls:
        pytest.skip("this libgearman was built with TLS")
    with pytest.raises(MissingCapabilityError, match="was built without TLS"):
        kind().setSSL(True)


@BOTH
@pytest.mark.parametrize("place", range(3), ids=["authority", "certificate", "key"])
def test_a_file_that_is_missing(kind: type[GearmanClient | GearmanWorker], place: int, tmp_path: Path) -> None:
    """Raises what open() raises; libgearman would end the process when it connects."""
    names = [tmp_path / name for name in ("ca.pem", "certificate.pem", "key.pem")]
    for number, name in enumerate(names):
        if number != place:
            name.touch()
    with pytest.raises(FileNotFoundError, match=names[place].name):
        kind().setSSL(True, *map(str, names))
