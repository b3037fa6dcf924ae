"""Small real servers for the clients to talk to, each in a thread of its own."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn
from websockets.sync.server import ServerConnection, serve

Script = Callable[[ServerConnection], None]


@dataclass
class Sent:
    """What a client asked."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """An HTTP server that answers each request with the next of `answers`: status, headers, body; None hangs up."""

    url: str = ""
    answers: deque[tuple[int, dict[str, str], bytes] | None] = field(default_factory=deque)
    requests: list[Sent] = field(default_factory=list)


@contextmanager
def http_server() -> Iterator[Scripted]:
    """A scripted HTTP server."""
    scripted = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            scripted.requests.append(Sent(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            answer = scripted.answers.popleft()
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Not a word."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        scripted.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield scripted
        server.shutdown()
        thread.join()


@contextmanager
def socket_server(*scripts: Script, **options: Any) -> Iterator[str]:
    """A WebSocket server that treats each connection with the next script, and the last one from then on; its `http://` address."""
    waiting = deque(scripts)

    def handle(connection: ServerConnection) -> None:
        (waiting.popleft() if len(waiting) > 1 else waiting[0])(connection)

    with serve(handle, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


class Loop:
    """Runs coroutines in the loop of a server's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, work: Callable[[], Any]) -> Any:
        """The result of the coroutine that `work` makes."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(60)


@contextmanager
def asgi_server(app: Any) -> Iterator[tuple[str, Loop]]:
    """The app on a free loopback port."""
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            self.loop = asyncio.get_running_loop()
            started.set()

    server = Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", Loop(server.loop)
    server.should_exit = True
    thread.join()
