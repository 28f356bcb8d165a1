"""A folder to type the docs' commands in, with the demo shop open as it is for a reader."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from framework.testing.shop import ThreadedShop

_ADDRESS = "127.0.0.1:8000"
_HOME = "/home/ann"
_PATIENCE_S = 60.0
_SEEN_BEFORE_CTRL_C = 3


class Reader:
    """Follows a page: writes its files, types its commands. The shop of the page's text is the test's own."""

    def __init__(self, home: Path, shop: ThreadedShop) -> None:
        self.home = home
        self.folder = home
        self.shop = shop
        self._here = shop.url.removeprefix("http://")

    def write(self, title: str, text: str) -> None:
        """Write a file, or add to it where its title says "(at the end)"."""
        name, added, _ = title.partition(" (at the end)")
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") + "\n" if added else ""
        path.write_text(before + text.replace(_ADDRESS, self._here), encoding="utf-8")

    def type(self, command: str, *, interrupt: bool = False) -> tuple[int, str]:
        """Run a command and return its exit code and output, in which addresses are those of the page."""
        command = command.replace(_ADDRESS, self._here)
        if command.startswith("cd "):
            self.folder = (self.folder / command[3:].strip()).resolve()
            assert self.folder.is_dir(), f"there is no folder to {command!r}"
            return 0, ""
        if command.startswith("fwk shop"):
            code, output = self._shop(command)
        else:
            code, output = self._run(command, interrupt=interrupt)
        return code, re.sub(r"127\.0\.0\.1:\d+", _ADDRESS, output).replace(str(self.home), _HOME)

    def _run(self, command: str, *, interrupt: bool) -> tuple[int, str]:
        seen = len(self.shop.log)
        process = self._open(command)
        with process:
            if interrupt:
                give_up_at = time.monotonic() + _PATIENCE_S
                while len(self.shop.log) < seen + _SEEN_BEFORE_CTRL_C and time.monotonic() < give_up_at:
                    time.sleep(0.05)
                os.killpg(process.pid, signal.SIGINT)
            try:
                output = process.communicate(timeout=_PATIENCE_S)[0]
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return process.returncode, output

    def _shop(self, command: str) -> tuple[int, str]:
        process = self._open(f"exec {command} --port 0")
        with process:
            assert process.stdout is not None
            first = process.stdout.readline()
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=_PATIENCE_S)
        return process.returncode, first

    def _open(self, command: str) -> subprocess.Popen[str]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("FWK_", "PYTHONPATH"))}
        environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
        environ |= {"PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"}
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with contextlib.ExitStack() as stack:
        shop = stack.enter_context(ThreadedShop(books=1000))
        yield Reader(tmp_path.resolve(), shop)


def pytest_make_parametrize_id(val: object) -> str | None:
    return val.stem if isinstance(val, Path) else None
