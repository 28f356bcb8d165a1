"""A crawl as a process that can die: beginning it, killing it, letting it end, and reading what its sinks hold.

The oracles are outside: the files of the items and the shop's log. Nothing here knows how a job is kept.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.forks import Forks

Rows = Counter[tuple[tuple[str, str], ...]]

MARK = "CRASH_TEST_MARK"
_PATIENCE_S = 10.0


@dataclass
class Crawl:
    """One command, run in one folder as often as it takes.

    Attributes:
        folder: the working folder of the command.
        arguments: what stands behind ``fwk``.
        logs: the folder of its output, one file a run; not inside ``folder``.
        prefix: what runs it, such as strace.
        forks: runs it without its imports where ``run`` is called, which then attaches a strace and starts none.
    """

    folder: Path
    arguments: list[str]
    logs: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)
    forks: Forks | None = None
    runs: int = 0
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def begin(self, prefix: list[str] | None = None) -> subprocess.Popen[bytes]:
        """Start the command in a session of its own; its output goes to a file of ``logs``."""
        environ = self._prepare()
        command = [*(self.prefix if prefix is None else prefix), sys.executable, "-m", "framework", *self.arguments]
        with self.log_path.open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _prepare(self) -> dict[str, str]:
        """Make the folders of the next run; give its environment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.runs += 1
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FWK_", "COV_"))}
        return {**clean, MARK: self.mark, "COLUMNS": "120", **self.environ}

    @property
    def log_path(self) -> Path:
        """Where the latest run writes what it says."""
        return self.logs / f"run-{self.runs:04}.log"

    def said(self) -> str:
        """Give what the latest run said."""
        return self.log_path.read_text("utf-8", "replace")

    def run(self, *, prefix: list[str] | None = None, timeout_s: float = 120.0) -> int:
        """Run the command to its end and give its exit code (negative: the signal that killed it)."""
        if self.forks is not None:
            strace = self.prefix if prefix is None else prefix
            code = self.forks.run(
                self.arguments, self.folder, self._prepare(), self.log_path, strace=strace, timeout_s=timeout_s
            )
            assert code is not None, f"no end in {timeout_s} s: {self.tail()}"
            return code
        process = self.begin(prefix)
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"no end in {timeout_s} s: {self.tail()}") from None
        finally:
            kill(process)

    def tail(self) -> str:
        """Give the end of what the latest run said, for a failed test to show."""
        return f"{self.log_path}:\n{self.said()[-3000:]}"

    def survivors(self) -> dict[int, str]:
        """Give the processes that descend from any run and are alive: process id to command line."""
        found: dict[int, str] = {}
        wanted = f"{MARK}={self.mark}".encode()
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it has ended, or is a zombie
                continue
        return found

    def assert_none_survive(self) -> None:
        """Wait a while for processes to end; one that does not is a leak (and is ended here)."""
        wait_for(lambda: not self.survivors(), quiet=True)
        left = self.survivors()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, f"processes that outlive the crawl: {left}"


def kill(process: subprocess.Popen[bytes]) -> int:
    """Kill the process, as ``kill -9`` of its id does; give its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    return process.wait()


def wait_for(condition: Callable[[], object], patience_s: float = _PATIENCE_S, *, quiet: bool = False) -> bool:
    """Wait until something is so; say whether it came true."""
    end_at = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end_at:
            assert quiet, f"it did not happen in {patience_s} s"
            return False
        time.sleep(0.01)
    return True


def is_named(said: str) -> bool:
    """Say whether a run that failed told its user why, by a message and not by a traceback."""
    return "Traceback" not in said and re.search(r"(?m)^fwk: | (ERROR|CRITICAL): ", said) is not None


def _as_row(fields: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in fields.items()))


def rows_in(path: Path) -> Rows:
    """Read a file of items strictly, by its ending; one that does not exist has none."""
    if not path.exists():
        return Counter()
    text = path.read_text("utf-8")
    if path.suffix == ".jsonl":
        assert not text or text.endswith("\n"), f"{path} ends in the middle of a line"
        return Counter(_as_row(json.loads(line)) for line in text.splitlines())
    if path.suffix == ".json":
        return Counter(_as_row(fields) for fields in (json.loads(text) if text else []))
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, strict=True))
    assert all(None not in fields and None not in fields.values() for fields in rows), f"{path} has a torn line"
    return Counter(_as_row(fields) for fields in rows)


def difference(found: Rows, wanted: Rows, most: int = 8) -> str:
    """Say how two multisets differ; empty when they do not."""
    missing, surplus = wanted - found, found - wanted
    parts = []
    for word, rows in (("missing", missing), ("too many", surplus)):
        if rows:
            parts.append(f"{rows.total()} {word}: " + "; ".join(str(dict(row)) for row in list(rows)[:most]))
    return " | ".join(parts)


def assert_sinks(folder: Path, names: list[str], wanted: Rows, whose: str = "") -> None:
    """Compare files of items with what they should hold."""
    for name in names:
        wrong = difference(rows_in(folder / name), wanted)
        assert not wrong, f"{name} ({wanted.total()} items wanted): {wrong}\n{whose}"


def empty(folder: Path) -> None:
    """Make the folder anew, with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
