"""The fuzz target: runs in a process of script/fuzz-codec, in which atheris measures what the serializer does."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["gearman_cffi.serializers"]):
    from tests.codec.php_codec import PhpCodec
    from tests.codec.properties import check


def main() -> None:
    """The arguments are "php" or "no-php", and libFuzzer's. Does not return."""
    php = PhpCodec() if sys.argv[1] == "php" else None
    atheris.Setup([sys.argv[0], *sys.argv[2:]], lambda data: check(data, php))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
