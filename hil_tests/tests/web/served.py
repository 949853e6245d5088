"""The real web on a loopback port, served from a thread of this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from supervisor.app import create_app

GOODBYE_MAX_S = 10.0


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve until the block ends; gives the address. The socket listens before, so nobody has to wait."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        app.state.live.is_ending = lambda: server.should_exit
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(GOODBYE_MAX_S)
    assert not thread.is_alive()


@contextmanager
def web_of(run_dir: Path, data_dir: Path | None = None) -> Iterator[str]:
    """The web of a run directory."""
    with serving(create_app(run_dir, data_dir)) as address:
        yield address
