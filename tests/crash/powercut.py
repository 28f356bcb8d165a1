"""What a disk holds after the power went: recorded calls replayed, without what no ``fsync`` made safe.

Strict, as POSIX allows and no file system of today is: a file has the content of its last sync, a folder the names of
its last sync. Or random: of what was not synced, some is there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.crash.straces import NAMES, SYNCS, WRITES, Call


@dataclass(slots=True)
class _File:
    """A file's content: as programs see it, as it is safe, and the writes in between."""

    seen: bytearray = field(default_factory=bytearray)
    safe: bytes = b""
    since: list[tuple[str, int, bytes]] = field(default_factory=list)

    def do(self, kind: str, at: int, data: bytes = b"") -> None:
        self.since.append((kind, at, data))
        _apply(self.seen, kind, at, data)

    def sync(self) -> None:
        self.safe = bytes(self.seen)
        self.since.clear()

    def after_cut(self, chance: Random | None) -> bytes:
        content = bytearray(self.safe)
        for kind, at, data in self.since:
            if chance is not None and chance.random() < 0.5:
                _apply(content, kind, at, data)
        return bytes(content)


def _apply(content: bytearray, kind: str, at: int, data: bytes) -> None:
    if kind == "size":
        del content[at:]
    end = at + len(data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[at:end] = data


@dataclass(slots=True)
class _Open:
    file: _File
    at: int = 0
    appends: bool = False


class Disk:
    """The files below one folder, as a list of calls makes them.

    Args:
        folder: where the calls were recorded; calls elsewhere are not looked at.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, _File | None] = {str(folder): None}  # None: a folder
        self._safe_names: dict[str, _File | None] = dict(self._names)
        self._changes: list[tuple[str, _File | None, bool]] = []  # name, what, there or not; not yet synced
        self._open: dict[int, _Open | str] = {}

    def replay(self, calls: Iterable[Call]) -> None:
        """Do what these calls did."""
        for call in calls:
            if call.name in ("open", "openat", "creat"):
                self._opened(call)
            elif call.name == "close":
                self._open.pop(call.fd(), None)
            elif call.name in NAMES:
                self._named(call)
            elif call.fd() in self._open:
                self._on_open(call, self._open[call.fd()])

    def _is_ours(self, path: str) -> bool:
        return path == str(self._folder) or path.startswith(f"{self._folder}/")

    def _opened(self, call: Call) -> None:
        path, flags = call.result_path, " ".join(call.arguments)
        self._open.pop(call.result, None)
        if not self._is_ours(path):
            return
        if path in self._names and self._names[path] is None:
            self._open[call.result] = path
            return
        if path not in self._names:
            assert "O_CREAT" in flags or call.name == "creat", f"{path} was made by a call that is not recorded"
            self._change(path, _File(), there=True)
        file = self._names[path]
        assert file is not None
        if "O_TRUNC" in flags:
            file.do("size", 0)
        self._open[call.result] = _Open(file, appends="O_APPEND" in flags)

    def _on_open(self, call: Call, opened: _Open | str) -> None:
        if isinstance(opened, str):
            if call.name in SYNCS:
                self._sync_names(opened)
            return
        if call.name in SYNCS:
            opened.file.sync()
        elif call.name == "lseek":
            opened.at = call.result
        elif call.name == "ftruncate":
            size = call.number(1)
            opened.file.do("size", size, b"")
            opened.file.do("data", size, b"")  # longer than it was: filled with zeros
        elif call.name == "pwrite64":
            opened.file.do("data", call.number(3), call.text(1)[: call.result])
        elif call.name == "write":
            at = len(opened.file.seen) if opened.appends else opened.at
            opened.file.do("data", at, call.text(1)[: call.result])
            opened.at = at + call.result
        elif call.name in WRITES:
            raise AssertionError(f"{call.name} is not understood here: teach it")

    def _named(self, call: Call) -> None:
        paths = [str(self._folder / call.text(n).decode()) for n, a in enumerate(call.arguments) if a.startswith('"')]
        if not all(map(self._is_ours, paths)):
            return
        if call.name.startswith("mkdir"):
            self._change(paths[0], None, there=True)
        elif call.name.startswith(("unlink", "rmdir")):
            self._change(paths[0], self._names[paths[0]], there=False)
        elif call.name.startswith("rename"):
            self._rename(*paths)
        else:
            self._change(paths[1], self._names[paths[0]], there=True)

    def _rename(self, old: str, new: str) -> None:
        below = [path for path in self._names if path == old or path.startswith(f"{old}/")]
        for path in below:
            self._change(new + path[len(old) :], self._names[path], there=True)
            self._change(path, self._names[path], there=False)

    def _change(self, path: str, what: _File | None, *, there: bool) -> None:
        self._changes.append((path, what, there))
        _rename_in(self._names, path, what, there=there)

    def _sync_names(self, folder: str) -> None:
        kept = []
        for path, what, there in self._changes:
            if str(Path(path).parent) == folder:
                _rename_in(self._safe_names, path, what, there=there)
            else:
                kept.append((path, what, there))
        self._changes = kept

    def after_cut(self, folder: Path, chance: Random | None = None) -> None:
        """Write what the disk holds when the power goes now into a folder, in the place of all that is there."""
        names = dict(self._safe_names)
        if chance is not None:
            for path, what, there in self._changes[: chance.randint(0, len(self._changes))]:
                _rename_in(names, path, what, there=there)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in sorted(names):
            target = folder / Path(path).relative_to(self._folder)
            if not target.parent.is_dir():
                continue  # its folder is lost, and it with it
            content = names[path]
            if content is None:
                target.mkdir(exist_ok=True)
            else:
                target.write_bytes(content.after_cut(chance))

    def whole(self) -> dict[str, bytes]:
        """Give what programs see now: each file's content by its path from the folder."""
        files = {path: file for path, file in self._names.items() if file is not None}
        return {str(Path(path).relative_to(self._folder)): bytes(file.seen) for path, file in files.items()}


def _rename_in(names: dict[str, _File | None], path: str, what: _File | None, *, there: bool) -> None:
    if there:
        names[path] = what
    else:
        names.pop(path, None)
