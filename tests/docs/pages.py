"""Follows a page as a reader does: writes files, runs commands and executes Python code, in the order of the page."""

from __future__ import annotations

import configparser
import io
import json
import os
import re
import subprocess
import sys
import sysconfig
import textwrap
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import Any

import tomli
import yaml

from tests.docs.addresses import Addresses
from tests.docs.blocks import Block, blocks
from tests.docs.programs import Program, compare, compare_comments, shell
from tests.support import ROOT, wait_until

_WORKER = """\
from gearman_cffi import *

jobs = JobCollection()


{}

Worker("127.0.0.1:4730", jobs).run()
"""


class Page:
    """Runs the blocks of one page in one directory and one namespace, with servers of its own."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._namespace: dict[str, Any] = {"__name__": "page"}
        self._addresses = Addresses()
        self._programs: list[Program] = []
        self._printed = ""
        self._output_of: Program | None = None  # the last block is this program in the background
        self._stack = ExitStack()

    def run(self) -> None:
        """Runs all blocks, then ends the programs that are still running."""
        with self._addresses, self._stack:
            for block in blocks(self._path):
                try:
                    self._run(block)
                except Exception as error:
                    raise AssertionError(f"{self._path.name}, line {block.line}: {error}") from error
            self._end("")
            self._namespace.clear()

    def _run(self, block: Block) -> None:
        if any(re.fullmatch(r"skip, .{10,}", hint) for hint in block.hints):
            return
        source = self._addresses.here(block.source)
        if block.title and block.language != "directive":
            self._write(block.title, source)
        if "output" in block.hints:
            self._compare(block.source)
        else:
            check = getattr(self, f"_check_{block.language}", None)
            assert check is not None, f"no test knows blocks of the language {block.language!r}"
            check(block, source)

    # ------------------------------------------------------------------------------- languages

    def _check_python(self, block: Block, source: str) -> None:
        if "background" in block.hints:
            self._write(f"line_{block.line}.py", source)
            self._start(f"python line_{block.line}.py")
            return
        code = compile("\n" * block.line + source, str(self._path), "exec")
        if block.title:
            return
        with redirect_stdout(io.StringIO()) as printed:
            exec(code, self._namespace)
        self._printed = printed.getvalue()
        self._output_of = None
        compare_comments(block.source, self._addresses.there(self._printed))

    def _check_sh(self, block: Block, source: str) -> None:
        self._addresses.server("127.0.0.1", 4730)  # the server of commands without an address
        if "background" in block.hints:
            self._start(source.strip())
        else:
            self._printed = shell(source, self._folder, self._environment())
            self._output_of = None

    def _check_php(self, block: Block, source: str) -> None:
        code = source if source.startswith("<?php") else f"<?php {source}"
        subprocess.run(["php", "-l"], input=code, check=True, capture_output=True, text=True)

    def _check_ini(self, block: Block, source: str) -> None:
        parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=False)
        parser.read_string(source if source.startswith("[") else f"[global]\n{source}")

    def _check_json(self, block: Block, source: str) -> None:
        json.loads(source)

    def _check_yaml(self, block: Block, source: str) -> None:
        assert all(isinstance(document, dict) for document in yaml.safe_load_all(source))

    def _check_toml(self, block: Block, source: str) -> None:
        tomli.loads(source)

    def _check_text(self, block: Block, source: str) -> None:
        assert block.title is None, "a file has a language"

    # ------------------------------------------------------------------------------ directives

    def _check_directive(self, block: Block, source: str) -> None:
        assert block.title is not None
        what, _, rest = block.title.partition(" ")
        if block.title == "own server":
            self._addresses.starts_servers = False
        elif what == "end":
            assert self._end(rest), f"no program has {rest!r} in its command"
        elif block.title == "hidden worker":
            self._write(f"line_{block.line}.py", self._addresses.here(_WORKER.format(source)))
            self._start(f"python line_{block.line}.py")
        elif block.title == "hidden python":
            exec(compile("\n" * block.line + source, str(self._path), "exec"), self._namespace)
        elif block.title.startswith("hidden file "):
            self._write(block.title.removeprefix("hidden file "), source)
        elif what == "copy":
            path, _, name = rest.partition(" ")
            self._write(name, self._addresses.here((ROOT / path).read_text("utf-8")))
        else:
            raise AssertionError(f"unknown directive {block.title!r}")

    # -------------------------------------------------------------------------- files, programs

    def _write(self, name: str, source: str) -> None:
        path = self._folder / name.lstrip("/")  # never outside the folder of the test
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), "utf-8")

    def _compare(self, shown: str) -> None:
        """Compares the output of the last block; that of a program in the background when it has ended."""
        if self._output_of is None:
            compare(shown, self._addresses.there(self._printed))
        else:
            self._output_of.shown = shown

    def _start(self, command: str) -> None:
        """Starts a program, and waits until a worker has registered its functions or a server listens."""
        before = self._announced()
        program = self._output_of = Program(command, self._folder, self._environment())
        self._programs.append(program)
        self._stack.callback(program.kill)
        wait_until(lambda: program.has_ended or self._announced() > before, f"{command} serves")
        assert not program.has_ended, f"{command} has ended: {program.output}"

    def _end(self, name: str) -> int:
        """Ends the programs with name in their command, in reverse order; returns their number."""
        ended = [program for program in reversed(self._programs) if name in program.command]
        for program in ended:
            self._programs.remove(program)
            program.end()
            if program.shown:
                compare(program.shown, self._addresses.there(program.final_output))
        return len(ended)

    def _announced(self) -> int:
        """The number of registered functions, lowered by 1000 for each silent and by 2000 for each closed port."""
        count = 0
        for server in self._addresses.servers.values():
            try:
                lines = server.ask("workers", timeout=1).splitlines()
            except ConnectionRefusedError:
                count -= 2000
            except OSError:
                count -= 1000
            else:
                count += sum(len(line.partition(" :")[2].split()) for line in lines)
        return count

    def _environment(self) -> dict[str, str]:
        path = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath), "/usr/sbin"]
        servers = self._addresses.servers.get(("127.0.0.1", 4730))
        return {
            **os.environ,
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
            "PYTHONUNBUFFERED": "1",
            # PHP adds the servers of GEARMAN_SERVERS to those of addServer().
            **({"GEARMAN_CFFI_SERVERS": servers.address} if servers else {}),
        }
