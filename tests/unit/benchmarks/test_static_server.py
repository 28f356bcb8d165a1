"""The bundled server: files, 404, its count, and requests that arrive in pieces."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.static_server import StaticFiles


class Wire(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)


@pytest.fixture
def wire(tmp_path: Path) -> tuple[StaticFiles, Wire]:
    (tmp_path / "a.html").write_bytes(b"<p>hello</p>")
    server, wire = StaticFiles(tmp_path), Wire()
    server.connection_made(wire)
    return server, wire


def test_a_file_is_served_with_its_length_and_type(wire: tuple[StaticFiles, Wire]) -> None:
    server, client = wire
    server.data_received(b"GET /a.html HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.written.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 12")
    assert client.written.endswith(b"\r\n\r\n<p>hello</p>")


def test_a_request_in_pieces_is_answered_once_it_is_whole(wire: tuple[StaticFiles, Wire]) -> None:
    server, client = wire
    server.data_received(b"GET /a.html HTTP/1.1\r\n")
    assert client.written == b""
    server.data_received(b"\r\nGET /missing HTTP/1.1\r\n\r\n")
    assert client.written.count(b"HTTP/1.1 200") == 1
    assert client.written.count(b"HTTP/1.1 404") == 1


def test_nothing_outside_the_folder_is_served(wire: tuple[StaticFiles, Wire]) -> None:
    server, client = wire
    server.data_received(b"GET /../etc/passwd HTTP/1.1\r\n\r\n")
    assert client.written.startswith(b"HTTP/1.1 404")


def test_the_status_counts_every_request(wire: tuple[StaticFiles, Wire]) -> None:
    server, client = wire
    before = StaticFiles.requests
    server.data_received(b"GET /a.html HTTP/1.1\r\n\r\nGET /_status HTTP/1.1\r\n\r\n")
    assert f" 0 0 {before + 2} ".encode() in client.written
