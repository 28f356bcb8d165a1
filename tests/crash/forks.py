"""Runs of ``fwk`` without its imports: a process that has imported all that a crawl loads forks one child a run.

Beside the tests, for those that run a small crawl many hundred times; two thirds of such a run are imports. The child
is what ``python -m framework`` is: in a session of its own, with its folder, environment, standard streams and
``__main__``, with no thread and no loop of anybody else's, and it ends as an interpreter ends. strace can be attached
before it does anything.

This file is both ends: the tests have ``Forks``, and it is the script that the process runs.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

_STARTED_S = 30.0
_PAUSE_S = 0.002
_PR_SET_PTRACER = 0x59616D61


class Forks:
    """A process that forks runs, one at a time. For use with ``with``."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        """Start the process."""
        self._channel, theirs = socket.socketpair()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FWK_", "COV_"))}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        assert self._channel is not None
        assert self._process is not None
        self._channel.close()
        self._process.wait(_STARTED_S)

    def run(
        self,
        arguments: list[str],
        folder: Path,
        environ: Mapping[str, str],
        log: Path,
        *,
        strace: Sequence[str] = (),
        timeout_s: float = 120.0,
    ) -> int | None:
        """Run ``fwk`` to its end, with a strace attached before it does anything, if one is given.

        Returns:
            Its exit code (negative: the signal that killed it); ``None`` where it did not end and was killed for it.
        """
        order = {"arguments": arguments, "folder": str(folder), "environ": dict(environ), "log": str(log)}
        assert self._channel is not None
        self._channel.sendall(json.dumps({**order, "stops": bool(strace)}).encode() + b"\n")
        pid = self._answer(_STARTED_S)
        assert pid is not None, f"the process that forks does not answer: {log}"
        tracer = _attached(strace, pid, log) if strace else None
        code = self._answer(timeout_s)
        if code is None:
            os.kill(pid, signal.SIGKILL)
            self._answer(_STARTED_S)
        if tracer is not None:
            tracer.wait(_STARTED_S)
        return code

    def _answer(self, timeout_s: float) -> int | None:
        assert self._channel is not None
        self._channel.settimeout(timeout_s)
        while b"\n" not in self._rest:
            try:
                more = self._channel.recv(4096)
            except TimeoutError:
                return None
            assert more, "the process that forks has died; its standard error tells why"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return int(line)


def _attached(strace: Sequence[str], pid: int, log: Path) -> subprocess.Popen[bytes]:
    """Attach strace to a process that has stopped itself, and let both go."""
    _wait_for(pid, "State:\tT")
    with log.open("ab") as said:
        tracer = subprocess.Popen([*strace, "-p", str(pid)], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    _wait_for(pid, "TracerPid:\t0", is_so=False)
    os.kill(pid, signal.SIGCONT)
    return tracer


def _wait_for(pid: int, line: str, *, is_so: bool = True) -> None:
    end_at = time.monotonic() + _STARTED_S
    while (line in Path(f"/proc/{pid}/status").read_text("ascii", "replace")) is not is_so:
        assert time.monotonic() < end_at, f"{line!r} of {pid} did not become {is_so}"
        time.sleep(_PAUSE_S)


# -- in the process that forks ---------------------------------------------------------------------------------------


def _serve(channel: socket.socket) -> tuple[dict[str, Any], int] | None:
    """Fork a child for each order; in a child give the order, and where to tell the modules (-1: nowhere)."""
    has_learned = False
    with channel.makefile("rb") as orders:
        for line in orders:
            assert len(os.listdir("/proc/self/task")) == 1, "a module of the framework starts a thread when imported"
            told, tell = (-1, -1) if has_learned else os.pipe()
            pid = os.fork()
            if not pid:
                return json.loads(line), tell
            channel.sendall(b"%d\n" % pid)
            if not has_learned:
                os.close(tell)
                with open(told, "rb") as names:
                    has_learned = _import(names.read().decode().split())
            channel.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return None


def _import(names: list[str]) -> bool:
    """Import what the first run had imported at its end: much of the framework is loaded when it is needed."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    return bool(names)


def _become(order: dict[str, Any]) -> None:
    """Make this process what was ordered."""
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.environ.clear()
    os.environ.update(order["environ"])
    os.chdir(order["folder"])
    sys.path.insert(0, order["folder"])
    sys.argv[1:] = order["arguments"]
    if order["stops"]:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1))  # a strace that is no ancestor, without being root
        os.kill(os.getpid(), signal.SIGSTOP)


def _own_modules() -> list[str]:
    """Name the modules that are loaded, but for those of users: a spider's file is loaded by each run."""
    framework = Path(sys.modules["framework"].__file__ or "").parent
    places = (str(framework), sys.prefix, sys.base_prefix)
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    return [n for n, file in files.items() if file.startswith(places) and not n.endswith("__main__")]


def _main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    importlib.import_module("framework.cli.main")
    ordered = _serve(channel)
    if ordered is None:
        return
    order, tell = ordered
    channel.close()
    _become(order)
    try:
        runpy.run_module("framework", run_name="__main__", alter_sys=True)
    finally:
        if tell >= 0:
            os.write(tell, "\n".join(_own_modules()).encode())
            os.close(tell)


if __name__ == "__main__":
    _main()
