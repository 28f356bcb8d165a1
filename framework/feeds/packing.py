"""Post-processing of a feed's bytes on their way to the file, and finding the way back in such a file.

Place in the flow: called by a batch, in the writing thread. A ``MemberPacker`` makes of each sealed piece a whole
member (gzip, bzip2 and xz files may hold many), so that the end of a checkpoint is found by counting members.
A ``StreamPacker`` runs the whole file through plugins that know nothing of members: it cannot be cut back.
"""

from __future__ import annotations

import io
import lzma
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from framework.exceptions import ExportError

from .outputs import FileOutput

_CHUNK_BYTES = 1 << 14
_BROKEN = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


class Chain:
    """Plugins, each writing to the next and the last to ``file``.

    Args:
        plugins: their classes, in the order in which the bytes pass them.
        options: the options of the feed.
        file: what the last one writes to.
    """

    def __init__(self, plugins: Sequence[Any], options: Mapping[str, Any], file: io.BytesIO) -> None:
        target: Any = file
        self._made: list[Any] = []
        for plugin in reversed(plugins):
            target = plugin(target, dict(options))
            self._made.insert(0, target)

    def write(self, data: bytes) -> None:
        """Pass ``data`` through all of them."""
        self._made[0].write(data)

    def close(self) -> None:
        """Close them, the first one first, as each may write its end to the next."""
        for plugin in self._made:
            plugin.close()


class MemberPacker:
    """Makes a whole member of each piece.

    Args:
        plugins: classes whose closed pieces may follow each other in a file.
        options: the options of the feed.
    """

    def __init__(self, plugins: Sequence[Any], options: Mapping[str, Any]) -> None:
        self._plugins = tuple(plugins)
        self._options = options

    def pack(self, data: bytes, *, is_last: bool) -> bytes:
        """Return ``data`` as a member; no data, no member."""
        if not data:
            return b""
        packed = io.BytesIO()
        chain = Chain(self._plugins, self._options, packed)
        chain.write(data)
        chain.close()
        return packed.getvalue()

    def end_of(self, output: FileOutput, start: int, members: int) -> int:
        """Return the offset behind so many members from ``start`` on.

        Raises:
            ExportError: the file is too short for them, or damaged there.
        """
        offset = start
        for _ in range(members):
            decoder = self._plugins[-1].decoder(self._options)
            while not decoder.eof:
                chunk = output.read(offset, _CHUNK_BYTES)
                try:
                    decoder.decompress(chunk)
                except _BROKEN as error:
                    raise _damaged(output, f"it is damaged behind byte {offset} ({error})") from error
                if not chunk:
                    raise _damaged(output, f"it has {output.size} bytes, but more were written to it before")
                offset += len(chunk)
            offset -= len(decoder.unused_data)
        return offset

    def unpack(self, data: bytes) -> bytes:
        """Return the plain text of the first part of a file, as far as ``data`` has it.

        Raises:
            ValueError: it is not in this format.
        """
        for plugin in reversed(self._plugins):
            data = self._unpacked(plugin, data)
        return data

    def _unpacked(self, plugin: Any, data: bytes) -> bytes:
        plain = []
        while data:
            decoder = plugin.decoder(self._options)
            try:
                plain.append(decoder.decompress(data))
            except _BROKEN as error:
                raise ValueError(str(error)) from error
            data = decoder.unused_data
        return b"".join(plain)


class StreamPacker:
    """Runs all pieces of a file through one chain of plugins.

    Args:
        plugins: any classes with ``write`` and ``close``.
        options: the options of the feed.
    """

    def __init__(self, plugins: Sequence[Any], options: Mapping[str, Any]) -> None:
        self._packed = io.BytesIO()
        self._plugins = plugins
        self._options = options
        self._chain: Chain | None = None

    def pack(self, data: bytes, *, is_last: bool) -> bytes:
        """Return what came out of the plugins so far."""
        if self._chain is None:
            self._chain = Chain(self._plugins, self._options, self._packed)
        if data:
            self._chain.write(data)
        if is_last:
            self._chain.close()
        packed = self._packed.getvalue()
        self._packed.seek(0)
        self._packed.truncate()
        return packed


def packer_for(plugins: Sequence[Any], options: Mapping[str, Any]) -> MemberPacker | StreamPacker | None:
    """Return a new packer for one file, or ``None`` where there is no plugin.

    Raises:
        Exception: whatever a plugin raises for options that it does not take; all of them are tried here.
    """
    if not plugins:
        return None
    Chain(plugins, options, io.BytesIO()).close()
    if all(_makes_members(plugin, options) for plugin in plugins):
        return MemberPacker(plugins, options)
    return StreamPacker(plugins, options)


def _makes_members(plugin: Any, options: Mapping[str, Any]) -> bool:
    decoder = getattr(plugin, "decoder", None)
    return callable(decoder) and decoder(options) is not None


def _damaged(output: FileOutput, why: str) -> ExportError:
    msg = f"the output {output.name} is not what this job wrote: {why}; put it back, or start a new job"
    return ExportError(msg)
