"""The server of a benchmark run: nginx where it is installed, else the bundled one, alone on its core.

`run.py` holds `serve` open around the rounds. The server's own count of requests is the outside witness of how many
pages a driver fetched.
"""

import contextlib
import getpass
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.static_server import STATUS_PATH

REPOSITORY = Path(__file__).resolve().parent.parent
_START_LIMIT_S = 10.0
_FILES_WANTED = 65_536
_CONFIG = """\
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
{user}
pid {work}/nginx.pid;
error_log {work}/error.log warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
    open_file_cache max={kept_open} inactive=600s;
    open_file_cache_valid 600s;
    charset utf-8;
    types {{ text/html html; text/plain txt; }}
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {root};
        location = {status} {{ stub_status; }}
    }}
}}
"""


@dataclass(frozen=True)
class Server:
    """A running server: where it is, what it is."""

    origin: str
    name: str

    def requests(self) -> int:
        """Give how many requests it has answered, this question included."""
        with urllib.request.urlopen(self.origin + STATUS_PATH, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        counts = lines[[line.startswith("server accepts") for line in lines].index(True) + 1]
        return int(counts.split()[2])


def cores() -> tuple[int | None, int | None]:
    """Give the client's and the server's core; (None, None) where processes cannot be pinned or there is one core."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


def pin(process: "subprocess.Popen[Any]", core: int | None) -> None:
    """Keep a process that has just been started, and what it will start, on one core; None leaves it free."""
    if core is not None:
        with contextlib.suppress(ProcessLookupError):  # it may have ended already; its exit code will be seen
            os.sched_setaffinity(process.pid, {core})


@contextlib.contextmanager
def serve(root: Path, core: int | None) -> Iterator[Server]:
    """Serve the folder on a free loopback port until the block ends. Raises RuntimeError when nothing starts."""
    with tempfile.TemporaryDirectory(prefix="fwk-bench-") as work:
        started = _start_nginx(root, Path(work), core) or _start_bundled(root, core)
        process, server = started
        try:
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


def _most_open_files() -> int:
    """Give how many files one process may open; a cache that holds more of them open answers 500."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return _FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, _FILES_WANTED)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start_nginx(root: Path, work: Path, core: int | None) -> "tuple[subprocess.Popen[str], Server] | None":
    """Start nginx in the foreground; None when it is not installed or refuses to run here."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    config = work / "nginx.conf"
    port = _free_port()
    # As root the worker would become `nobody`, who may not read a folder below somebody's home.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    files = _most_open_files()
    filled = _CONFIG.format(
        work=work, port=port, root=root, user=user, status=STATUS_PATH, files=files, kept_open=files // 2
    )
    config.write_text(filled, encoding="utf-8")
    version = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stderr
    process = subprocess.Popen(
        [program, "-c", str(config), "-e", str(work / "error.log")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    pin(process, core)
    server = Server(f"http://127.0.0.1:{port}", version.rpartition(": ")[2].strip() or "nginx")
    if _answers(server, process):
        return process, server
    process.kill()
    process.wait()
    return None


def _start_bundled(root: Path, core: int | None) -> "tuple[subprocess.Popen[str], Server]":
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.static_server", str(root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    pin(process, core)
    assert process.stdout is not None
    server = Server(f"http://127.0.0.1:{process.stdout.readline().strip()}", "bundled server")
    if _answers(server, process):
        return process, server
    process.kill()
    process.wait()
    raise RuntimeError("neither nginx nor the bundled server started; try `python -m benchmarks.static_server FOLDER`")


def _answers(server: Server, process: "subprocess.Popen[str]") -> bool:
    """Wait until the server answers; False when its process ended or it took too long."""
    limit_at = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < limit_at and process.poll() is None:
        try:
            server.requests()
        except (urllib.error.URLError, OSError, ValueError):
            time.sleep(0.02)
        else:
            return True
    return False
