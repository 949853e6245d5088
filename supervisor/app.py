"""Puts the web together and serves it. GET only, no login, no cookies, nothing from elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from controller import __version__
from controller.plain_words import in_words
from controller.watchdog import notify
from supervisor.api import api_routes, health_route
from supervisor.docs import describe
from supervisor.events import TOLD_KINDS
from supervisor.follower import Follower
from supervisor.live import Live
from supervisor.mirror import EventMirror
from supervisor.pages import Pages
from supervisor.problems import DOCS, Fault, Refusal, answer_errors
from supervisor.reading import StatusReader
from supervisor.telemetry.api import telemetry_routes
from supervisor.telemetry.recorder import Recorder
from supervisor.words import choose_language

EXIT_PROBLEM = 1
BACKLOG_COUNT = 512
HEARTBEAT_EVERY_S = 0.5  # the service manager waits two seconds
GOODBYE_MAX_S = 2  # live lines notice within one
EVERYWHERE = frozenset({"0.0.0.0", "::"})

log = logging.getLogger("hallig.web")


def create_app(run_dir: Path, data_dir: Path | None = None) -> FastAPI:
    """The web of one hub: reads `run_dir`, keeps its own events in `data_dir` (None: in memory)."""
    reader, mirror = StatusReader(run_dir), EventMirror(data_dir, TOLD_KINDS)
    recorder = Recorder(reader, data_dir)
    pages, follower = Pages(reader, mirror, telemetry=lambda: recorder.state), Follower.of(run_dir, mirror)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        follower.start()
        recorder.start()
        heartbeat = asyncio.create_task(_beat())
        yield
        heartbeat.cancel()
        await asyncio.to_thread(recorder.stop)
        await asyncio.to_thread(follower.stop)
        mirror.close()

    app = FastAPI(
        title="Hallig",
        version=__version__,
        summary="What is on in this place, and for how long.",
        docs_url=None,  # FastAPI's pages would fetch their scripts from the internet
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=lifespan,
    )
    app.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=6)
    app.state.live = Live(pages)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    app.include_router(page_routes(pages, app.state.live))
    app.include_router(docs_route(app, pages))
    app.include_router(api_routes(reader, mirror))
    app.include_router(telemetry_routes(recorder))
    app.include_router(health_route(reader, mirror, lambda: recorder.state))
    answer_errors(app, pages)
    return app


def page_routes(pages: Pages, live: Live) -> APIRouter:
    """The page and its live line."""
    router = APIRouter(include_in_schema=False)
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": pages.policy,
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Language",
        "X-Content-Type-Options": "nosniff",
    }

    @router.api_route("/", methods=["GET", "HEAD"])
    async def page(request: Request, lang: str | None = None) -> HTMLResponse:
        language = choose_language(lang, request.headers.get("accept-language", ""))
        return HTMLResponse(pages.now(language).html, headers={**headers, "Content-Language": language})

    @router.get("/live")
    async def talk(request: Request, lang: str | None = None) -> Response:
        if live.is_full:
            raise Refusal(Fault.FULL, "Too many listeners; the page reloads by itself instead.")
        language = choose_language(lang, request.headers.get("accept-language", ""))
        return StreamingResponse(
            live.talk(language), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    return router


def docs_route(app: FastAPI, pages: Pages) -> APIRouter:
    """The description of the API, readable without internet."""
    router = APIRouter(include_in_schema=False)

    @router.get(DOCS)
    def docs() -> HTMLResponse:
        headers = {"Content-Security-Policy": pages.policy, "X-Content-Type-Options": "nosniff"}
        return HTMLResponse(pages.docs(describe(app), Fault), headers=headers)

    return router


async def _beat() -> None:
    """Tell the service manager that we serve, and go on telling it."""
    notify("READY=1")
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(HEARTBEAT_EVERY_S)


def serve(run_dir: Path, host: str, port: int, data_dir: Path | None = None) -> int:
    """Serve until a signal ends it. Exit code 1, with a sentence, when the address cannot be had."""
    try:
        listener = _listen(host, port)
    except OSError as error:
        print(f"hallig: {_why_not(host, port, error)}", file=sys.stderr)
        return EXIT_PROBLEM
    app = create_app(run_dir, data_dir)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GOODBYE_MAX_S,
    )
    server = uvicorn.Server(config)
    app.state.live.is_ending = lambda: server.should_exit
    with listener:
        log.info("the page is at %s", _where(listener))
        server.run(sockets=[listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG_COUNT)
    except OSError:
        listener.close()
        raise
    return listener


def _where(listener: socket.socket) -> str:
    """For a person's browser; who asked for any port learns here which it is."""
    host, port = listener.getsockname()[:2]
    if host in EVERYWHERE:
        return f"every address of this machine, here http://127.0.0.1:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken. Choose another with --port."
    return f"cannot listen on {host}, port {port}: {in_words(error)}."
