"""Downloads from a server that misbehaves in every way that servers do."""

from __future__ import annotations

import hashlib
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from installer import download
from installer.errors import InstallError

CONTENT = bytes(range(256)) * 8000
DIGEST = hashlib.sha256(CONTENT).hexdigest()[:8]
PAGE = b"<!DOCTYPE html><title>Please log in</title>"


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT in the manner that the path names."""

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        manner = self.path.split("/")[-2]
        wanted = self.headers.get("Range")
        server.requests.append((self.path, wanted))
        start = int(wanted[6:-1]) if wanted and manner != "ignores-range" else 0
        content = CONTENT
        if manner == "wrong-bytes":
            content = CONTENT[:-1] + b"?"
        elif manner in ("page", "unnamed-page"):
            content = PAGE
        elif manner == "truncated":
            content = CONTENT[:1000]
        elif manner == "too-long":
            content = CONTENT + b"more"
        if manner == "missing":
            self.send_error(404)
        elif manner == "busy" and len(server.requests) < 3:
            self.send_error(503)
        elif start and start >= len(content):
            self.send_error(416)
        else:
            self._send(manner, content, start)

    def _send(self, manner: str, content: bytes, start: int) -> None:
        self.send_response(206 if start else 200)
        kind = "text/html; charset=utf-8" if manner == "page" else "application/octet-stream"
        self.send_header("Content-Type", kind)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if manner != "no-length":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content)
        if manner in ("drops", "ignores-range", "no-length") and len(self.server.requests) < 4:  # pyright: ignore
            end = min(end, start + 500_000)
        if manner == "silent":
            time.sleep(3)
        elif manner != "dead":
            self.wfile.write(content[start:end])
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    requests: list[tuple[str, str | None]]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "PAUSE", 0.01)
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server(("127.0.0.1", 0), Handler)
    server.requests = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(server: Server, manner: str, target: Path, size: int | None = len(CONTENT)) -> list[int]:
    seen: list[int] = []
    url = f"{server.address}/{manner}/file.pth"
    download.fetch(url, target, size, DIGEST, lambda there, _: seen.append(there))
    return seen


@pytest.mark.parametrize(
    "manner", ["well", "drops", "ignores-range", "busy"], ids=lambda manner: manner
)
@pytest.mark.parametrize("size", [len(CONTENT), None], ids=["size", "no-size"])
def test_arrives(server: Server, tmp_path: Path, manner: str, size: int | None) -> None:
    target = tmp_path / "file.pth"
    assert fetch(server, manner, target, size)[-1] == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file.pth"]


def test_a_lost_connection_is_noticed_without_a_length(server: Server, tmp_path: Path) -> None:
    fetch(server, "no-length", tmp_path / "file.pth")
    assert (tmp_path / "file.pth").read_bytes() == CONTENT


def test_goes_on_where_it_was_broken_off(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.pth.part").write_bytes(CONTENT[:100_000])
    fetch(server, "well", tmp_path / "file.pth")
    assert [wanted for _, wanted in server.requests] == ["bytes=100000-"]
    assert (tmp_path / "file.pth").read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * len(CONTENT), CONTENT + b"more"])
def test_starts_anew_from_a_wrong_part(server: Server, tmp_path: Path, part: bytes) -> None:
    (tmp_path / "file.pth.part").write_bytes(part)
    fetch(server, "well", tmp_path / "file.pth")
    assert (tmp_path / "file.pth").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("manner", "code"),
    [
        ("wrong-bytes", "weights_damaged"),
        ("truncated", "weights_damaged"),
        ("too-long", "weights_damaged"),
        ("page", "download_html"),
        ("unnamed-page", "download_html"),
        ("missing", "download_failed"),
        ("dead", "download_failed"),
        ("silent", "download_failed"),
    ],
)
def test_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: str, code: str
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    with pytest.raises(InstallError) as caught:
        fetch(server, manner, tmp_path / "file.pth")
    assert caught.value.code == code
    assert not (tmp_path / "file.pth").exists()


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE", 0.01)
    with pytest.raises(InstallError) as caught:
        download.fetch("http://127.0.0.1:9/a", tmp_path / "a", 9, "", lambda *_: None)
    assert caught.value.code == "download_failed"


def test_a_proxy_is_used(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.setattr(urllib.request, "_opener", None)  # it remembers the proxies of before
    url = "http://weights.invalid/well/file.pth"
    download.fetch(url, tmp_path / "file", len(CONTENT), DIGEST, lambda *_: None)
    assert server.requests[0][0] == url


def test_no_folder_to_write_to(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InstallError) as caught:
        fetch(server, "well", tmp_path / "nowhere" / "file.pth")
    assert caught.value.code == "cannot_write"
