"""The embedded server, seen from the crawl: started before the first document, ended with the crawl, never an orphan.

Place in the flow: ``pipeline`` starts one for ``MONGO_URI = "embedded"`` and connects to it like to any server.

The folder holds ``data.sqlite`` (the documents), ``log``, ``pid`` and ``lock``. The lock is the crawl's: who holds it
may end a server that an earlier crawl has left behind. The server ends by itself when the crawl's end of its stdin is
closed, so that not even a SIGKILL of the crawl leaves it alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from framework.exceptions import ExportError

logger = logging.getLogger(__name__)

_SCRIPT = Path(__file__).with_name("server.py")
_START_S = 30.0
_STOP_S = 15.0
_LEFTOVER_S = 5.0
_POLL_S = 0.05


class EmbeddedServer:
    """One server of one crawl.

    Args:
        folder: of its files; made if it is missing.

    Attributes:
        folder: the same.
        port: where it listens on 127.0.0.1; 0 before it was started. It stays the same when it is started again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None
        self._lock: int | None = None

    def __repr__(self) -> str:
        return f"<EmbeddedServer in {self.folder}, port {self.port}>"

    @property
    def uri(self) -> str:
        """Return the address for a client."""
        return f"mongodb://127.0.0.1:{self.port}/"

    @property
    def is_running(self) -> bool:
        """Say whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """Return the number of the process."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Take the folder, end what an earlier crawl has left there, and start the server.

        Raises:
            ExportError: another crawl has the folder, or the server does not start.
        """
        await asyncio.to_thread(self._take_folder)
        try:
            await self._launch()
        except BaseException:
            self._release()
            raise

    async def revive(self) -> bool:
        """Start the server again if it has died; say whether it had."""
        if self.is_running or self._lock is None:
            return False
        logger.warning("The embedded MongoDB server has died; starting it again (its log: %s)", self.folder / "log")
        try:
            await self._launch()
        except ExportError:
            self.port = 0  # taken by somebody else in the meantime
            await self._launch()
        return True

    async def stop(self) -> None:
        """End the server, after what it is doing."""
        process = self._process
        try:
            if process is not None and process.returncode is None:
                if process.stdin is not None:
                    process.stdin.close()
                await _ended(process)
        finally:
            self._release()

    def _take_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._release()
            remedy = "wait for its end, or set JOBDIR or MONGO_URI"
            msg = f"another crawl uses the embedded MongoDB in {self.folder}; {remedy}"
            raise ExportError(msg) from None
        except OSError as error:
            self._release()
            msg = f"the folder of the embedded MongoDB, {self.folder}, cannot be used: {error.strerror or error}"
            raise ExportError(msg) from error
        end_leftover(self.folder)

    async def _launch(self) -> None:
        command = [sys.executable, "-P", str(_SCRIPT), str(self.folder), "--port", str(self.port)]
        log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for the crawl alone
            )
        finally:
            os.close(log)
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            async with asyncio.timeout(_START_S):
                line = await process.stdout.readline()
        except TimeoutError:
            line = b""
        except BaseException:
            await self._give_up(process)
            raise
        said = json.loads(line) if line.strip() else {}
        if "port" not in said:
            await self._give_up(process)
            why = said.get("error", "it gave no sign")
            msg = f"the embedded MongoDB server does not start: {why}; see {self.folder / 'log'}"
            raise ExportError(msg)
        self.port = said["port"]

    async def _give_up(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def end_leftover(folder: Path) -> bool:
    """End a server that an earlier crawl has left in a folder; say whether there was one.

    The number in the pid file may be another process's by now: only one whose command line names our script and this
    very folder is touched.
    """
    try:
        pid = int((folder / "pid").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return False
    found = is_server(pid, folder)
    if found:
        logger.info("Ending the embedded MongoDB server %d, which an earlier crawl has left", pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
            give_up_at = time.monotonic() + _LEFTOVER_S
            while is_server(pid, folder) and time.monotonic() < give_up_at:
                time.sleep(_POLL_S)
            if is_server(pid, folder):
                os.kill(pid, signal.SIGKILL)
    (folder / "pid").unlink(missing_ok=True)
    return found


def is_server(pid: int, folder: Path) -> bool:
    """Say whether a process is the server of a folder."""
    parts = _command_line(pid)
    return str(_SCRIPT) in parts and str(folder) in parts


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        if Path("/proc/self/cmdline").exists():
            return []
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return shown.stdout.split()
