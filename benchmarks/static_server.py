"""A small static file server, for machines without nginx: `python -m benchmarks.static_server FOLDER`.

Started by `server.py` as a process of its own. Prints its port, then serves until it is terminated. Keeps the same
count of requests as nginx's stub_status, at the same path, in the same form.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

STATUS_PATH = "/_status"
_TYPES = {".html": "text/html; charset=utf-8", ".txt": "text/plain; charset=utf-8"}


class StaticFiles(asyncio.Protocol):
    """Answers GETs on one keep-alive connection from a folder; requests have no bodies."""

    requests = 0

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unread = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each complete request head in `data`."""
        *heads, self._unread = (self._unread + data).split(b"\r\n\r\n")
        for head in heads:
            path = head.split(b" ", 2)[1].decode("ascii", "replace")
            if self._transport is not None:
                self._transport.write(self.answer(path))

    def answer(self, path: str) -> bytes:
        """Give the whole HTTP answer for `path`; 404 for what is not a file of the folder."""
        cls = type(self)
        cls.requests += 1
        if path == STATUS_PATH:
            counted = f"server accepts handled requests\n 0 0 {cls.requests} \n"
            return _message(200, counted.encode(), ".txt")
        file = self._root / path.lstrip("/")
        if ".." in path or not file.is_file():
            return _message(404, b"not found", ".txt")
        return _message(200, file.read_bytes(), file.suffix)


def _message(status: int, body: bytes, suffix: str) -> bytes:
    reason = "OK" if status == 200 else "Not Found"
    kind = _TYPES.get(suffix, "application/octet-stream")
    return f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def _serve(root: Path) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: StaticFiles(root), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(Path(sys.argv[1])))
