"""The console as uvicorn serves it, in a thread of the test: `live_server` can't send server-sent events."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from django.db import connections

from mailconsole.asgi import application
from mailconsole.nodes.live.hub import hub


@dataclass(frozen=True)
class WebServer:
    url: str


class _Server(uvicorn.Server):
    """It ends the streams of open pages by itself: no signal reaches it in its thread (nodes/live/shutdown.py)."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        hub().close()
        await super().shutdown(sockets)


@pytest.fixture
def web_server(transactional_db: None) -> Iterator[WebServer]:
    """On a free port, over the test's own database; the test sees what the pages commit and the other way round."""
    config = uvicorn.Config(application, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = _Server(config)
    thread = threading.Thread(target=_serve, args=(server,), daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield WebServer(f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join(10)


def _serve(server: uvicorn.Server) -> None:
    try:
        server.run()
    finally:
        connections.close_all()
