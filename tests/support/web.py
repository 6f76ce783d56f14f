"""The console as uvicorn serves it, in a thread of the test: `live_server` can't send server-sent events."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from django.db import connections

from mailconsole.asgi import application


@dataclass(frozen=True)
class WebServer:
    url: str


@pytest.fixture
def web_server(transactional_db: None) -> Iterator[WebServer]:
    """On a free port, over the test's own database; the test sees what the pages commit and the other way round."""
    config = uvicorn.Config(application, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
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
