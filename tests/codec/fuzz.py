"""script/fuzz-codec: searches for data that PhpSerializer handles wrongly, guided by the coverage of its code.

For any data it must return or raise SerializerError, in bounded time and memory; what it has read must survive being
written and read again; and PHP, if it is there, must read the same. Data that breaks this is printed, and the exit code
is 1 then.
"""

from __future__ import annotations

import argparse
import ast
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.codec import corpus
from tests.codec.php_codec import PhpCodec
from tests.codec.properties import check

_LIMITS = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=1024"]  # of an input, and of an input with all before it
_TOKENS = [
    "N;",
    "b:1;",
    "i:0;",
    "d:1.5;",
    "d:INF;",
    's:1:\\"a\\";',
    "a:1:{",
    "}",
    'O:1:\\"A\\":1:{',
    "E:3:",
    "C:1:",
    "R:1;",
]


def fuzz(seconds: int, seed: int, keep: bool) -> int:
    """Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="fuzz-codec-") as folder:
        found, known, dictionary = (Path(folder, name) for name in ("found", "known", "dictionary"))
        found.mkdir()
        known.mkdir()
        for number, data in enumerate(corpus.read()):
            Path(known, str(number)).write_bytes(data)
        dictionary.write_text("".join(f'"{token}"\n' for token in _TOKENS))
        php = "no-php" if shutil.which("php") is None else "php"
        target = [sys.executable, "-m", "tests.codec.target", php, *_LIMITS]
        options = [f"-max_total_time={seconds}", f"-seed={seed}", f"-artifact_prefix={folder}/", f"-dict={dictionary}"]
        failed = subprocess.run([*target, *options, str(found), str(known)], check=False).returncode != 0
        for artifact in Path(folder).glob("*-*"):
            print(f"\nagain: script/fuzz-codec {str(artifact.read_bytes())!a}")
        if keep and not failed:
            corpus.write({file.read_bytes() for place in (known, found) for file in place.iterdir()})
        return int(failed)


def again(literal: str) -> int:
    """Checks one input. Returns the exit code, or raises what is wrong."""
    check(ast.literal_eval(literal), None if shutil.which("php") is None else PhpCodec())
    print("nothing is wrong with it")
    return 0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="script/fuzz-codec", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (default: another one each time)")
    parser.add_argument("--keep", action="store_true", help="add what has reached other code to the corpus")
    parser.add_argument("data", nargs="?", help="check only this, a literal such as b'i:5;'")
    options = parser.parse_args()
    if options.data is not None:
        return again(options.data)
    return fuzz(int(options.minutes * 60), options.seed, options.keep)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
