"""A web server in the test process that serves what a test puts into it, and fails the way the test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Reply:
    """How one request goes wrong; without a reason it does not."""

    status: int = 200
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""
    hang_up: bool = False
    """Close it without a word."""
    retry_after: str | None = None
    content_range: str | None = None
    """What is said of a range instead of the truth."""


@dataclass
class FileServer:
    """`files` by path; `replies` by path, used up one a request; then what was asked and sent."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    knows_ranges: bool = True
    ranges: list[str | None] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    """Bytes of the body, one number a request for a file that is there."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def serve_files() -> Iterator[FileServer]:
    state = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            planned = state.replies.get(self.path, [])
            reply = planned.pop(0) if planned else Reply()
            content = state.files.get(self.path)
            if reply.hang_up:
                self.close_connection = True
            elif reply.status != 200 or content is None:
                self.send_response(404 if reply.status == 200 else reply.status)
                if reply.retry_after is not None:
                    self.send_header("Retry-After", reply.retry_after)
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.send(content, asked, reply)

        def send(self, content: bytes, asked: str | None, reply: Reply) -> None:
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and state.knows_ranges else 0
            if start and start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                state.sent.append(0)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", reply.content_range or f"bytes {start}-{len(content) - 1}/{len(content)}")
            body = content[start:]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            sent = body[: reply.cut_after]
            state.sent.append(len(sent))
            self.wfile.write(sent)
            self.close_connection = self.close_connection or len(sent) < len(body)

        def log_message(self, *arguments: Any) -> None:
            """Nothing on the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
