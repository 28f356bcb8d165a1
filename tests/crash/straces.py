"""System calls of a crawl on its files: recording them, and letting one of them fail or kill (by strace, as root).

strace counts calls for each thread and name by itself, and with ``-P`` only those on that file. So a point is a file, a
name and a number; a file is written by one thread, or the first that gets so far is meant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WRITES = ("write", "pwrite64", "writev", "pwritev", "ftruncate", "fallocate", "copy_file_range", "sendfile")
SYNCS = ("fsync", "fdatasync")
NAMES = ("rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "link", "linkat")
OPENS = ("open", "openat", "creat", "close", "lseek")
TRACED = (*WRITES, *SYNCS, *NAMES, *OPENS)

_LINE = re.compile(r"(\d+) +(.*)", re.DOTALL)
_CALL = re.compile(r"(\w+)\((.*)\) += +(-?\d+|\?)(.*)", re.DOTALL)
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)", re.DOTALL)
_HEX = re.compile(r"\\x([0-9a-f]{2})")
_ARGUMENT = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"(?:\.\.\.)?|[^,<"\[{]*(?:<[^>]*>(?:\(deleted\))?)?|\[.*?\]|\{.*?\})\s*(?:,|$)', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that succeeded: its thread, name, arguments (strings as bytes) and result.

    ``paths`` are those of its file descriptors and names, absolute; ``numbers`` its descriptors and plain numbers.
    """

    thread: int
    name: str
    arguments: tuple[str, ...]
    result: int
    result_path: str = ""

    def text(self, at: int) -> bytes:
        """Give an argument that is a string of bytes."""
        return bytes.fromhex("".join(_HEX.findall(self.arguments[at])))

    def fd(self, at: int = 0) -> int:
        """Give an argument that is a file descriptor."""
        return int(self.arguments[at].partition("<")[0])

    def fd_path(self, at: int = 0) -> str:
        """Give what the file descriptor is open on, as the kernel names it."""
        return _decoded(self.arguments[at].partition("<")[2].rpartition(">")[0])

    def number(self, at: int) -> int:
        """Give an argument that is a number."""
        return int(self.arguments[at], 0)


def _decoded(text: str) -> str:
    return bytes.fromhex("".join(_HEX.findall(text))).decode("utf-8", "surrogateescape") if "\\x" in text else text


def recording(log: Path) -> list[str]:
    """Give the prefix that records all calls on files, with what they write."""
    calls = ",".join(TRACED)
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "4194304", "-e", f"trace={calls}", "-e",
            "signal=none", "-o", str(log)]  # fmt: skip


def calls_in(log: Path) -> Iterator[Call]:
    """Read a recording: the calls that succeeded, in the order in which they ended."""
    begun: dict[int, str] = {}
    for line in log.read_text("ascii").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        thread, text = int(match[1]), match[2]
        if text.endswith(_UNFINISHED):
            begun[thread] = text.removesuffix(_UNFINISHED)
            continue
        resumed = _RESUMED.match(text)
        if resumed is not None:
            text = begun.pop(thread) + resumed[2]
        call = _CALL.fullmatch(text)
        if call is None or call[3].startswith(("-", "?")):
            continue
        path = _decoded(call[4].strip()[1:-1]) if call[4].startswith("<") else ""
        yield Call(thread, call[1], tuple(_ARGUMENT.findall(call[2])), int(call[3]), path)


def names_of(call: Call, cwd: Path) -> list[str]:
    """Give the absolute paths that a call is about."""
    if call.name in (*WRITES, *SYNCS, "close", "lseek"):
        return [call.fd_path()]
    if call.name in ("open", "openat", "creat"):
        return [call.result_path]
    return [str(cwd / call.text(at).decode()) for at, text in enumerate(call.arguments) if text.startswith('"')]


@dataclass(frozen=True, slots=True)
class Point:
    """The n-th call of this name on this file (relative to the folder of the crawl)."""

    path: str
    call: str
    n: int

    def __str__(self) -> str:
        return f"{self.call} {self.n} of {self.path}"


def points_in(calls: list[Call], folder: Path) -> list[Point]:
    """Give every call on the files below a folder at which a crawl can be hurt."""
    counts: dict[tuple[str, str], Counter[int]] = {}
    for call in calls:
        if call.name in ("close", "lseek") or (call.name in OPENS and "O_CREAT" not in " ".join(call.arguments)):
            continue
        for name in names_of(call, folder):
            if name.startswith(f"{folder}/") or name == str(folder):
                key = (str(Path(name.removesuffix(" (deleted)")).relative_to(folder)), call.name)
                counts.setdefault(key, Counter())[call.thread] += 1
    return [Point(path, name, n + 1) for (path, name), of in sorted(counts.items()) for n in range(max(of.values()))]


def hurting(point: Point, fault: str, folder: Path, log: Path) -> list[str]:
    """Give the strace that does something at a point, to be attached to a process (``Crawl.run`` with ``forks``).

    ``fault``: SIGKILL before the call; EIO once; ENOSPC from there on, on this file.
    """
    how = f"signal=SIGKILL:when={point.n}" if fault == "SIGKILL" else f"error={fault}:when={point.n}"
    if fault == "ENOSPC":
        how += "+"
    path = folder / point.path
    return ["strace", "-f", "-qq", "-P", str(path), "-P", point.path, "-e", f"trace={point.call}",
            "-e", f"inject={point.call}:{how}", "-o", str(log)]  # fmt: skip
