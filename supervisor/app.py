"""Routes: the page, the API, live updates and health. GET only, no cookies, nothing from elsewhere."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.exceptions import HTTPException as StarletteHTTPException

from controller import __version__
from supervisor.mirror import EventMirror
from supervisor.reading import StatusReader
from supervisor.view import build_page
from supervisor.words import choose_language, words

EVENTS_ON_PAGE_COUNT = 8
LIVE_EVERY_S = 2.0
LIVE_CLIENTS_MAX = 200
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(run_dir: Path, data_dir: Path | None = None) -> FastAPI:
    """The web of one hub."""
    reader, mirror = StatusReader(run_dir), EventMirror(run_dir, data_dir)
    templates = Environment(loader=PackageLoader("supervisor"), autoescape=select_autoescape(), trim_blocks=True)
    templates.globals["languages"] = {"de": "Deutsch", "da": "Dansk", "en": "English"}
    template = templates.get_template("page.html")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        mirror.start()
        yield
        await asyncio.to_thread(mirror.stop)

    app = FastAPI(
        title="Hallig", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json",
        lifespan=lifespan,
    )  # fmt: skip
    app.add_middleware(GZipMiddleware, minimum_size=500)
    live = {"clients": 0}

    def render(language: str) -> str:
        say = words(language)
        page = build_page(reader.read(), mirror.newest(EVENTS_ON_PAGE_COUNT), say)
        return template.render(page=page, say=say)

    def language_of(request: Request, lang: str | None) -> str:
        return choose_language(lang, request.headers.get("accept-language", ""))

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def page(request: Request, lang: str | None = None) -> HTMLResponse:
        return HTMLResponse(render(language_of(request, lang)), headers=HEADERS)

    @app.get("/live", include_in_schema=False)
    async def live_page(request: Request, lang: str | None = None) -> Response:
        if live["clients"] >= LIVE_CLIENTS_MAX:
            raise HTTPException(503, "too many live readers; the page reloads by itself")
        return StreamingResponse(_changes(live, render, language_of(request, lang)), media_type="text/event-stream")

    _add_api(app, reader, mirror)
    return app


def _add_api(app: FastAPI, reader: StatusReader, mirror: EventMirror) -> None:
    @app.get("/api/v1/status", responses={503: {"description": "The controller has never been heard of."}})
    def status() -> Response:
        """The last known status with its age. `is_stale` means: older than ten seconds."""
        reading = reader.read()
        if reading.status is None:
            raise HTTPException(503, "no contact with the controller yet")
        body = {"age_s": reading.age_s, "is_stale": reading.is_stale, "status": reading.status}
        return Response(orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"})

    @app.get("/api/v1/events")
    def events(
        after: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> dict[str, Any]:
        """Events behind a cursor, oldest first; `cursor` is where to go on."""
        found = mirror.after(after, limit)
        return {"events": found, "cursor": found[-1]["seq"] if found else after}

    @app.get("/healthz")
    def health() -> dict[str, object]:
        """Whether this web lives, and whether the controller does."""
        reading = reader.read()
        return {"ok": True, "version": __version__, "controller_age_s": reading.age_s, "stale": reading.is_stale}

    @app.exception_handler(StarletteHTTPException)
    async def refused(_: Request, error: StarletteHTTPException) -> Response:
        return _problem(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        detail = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
        return _problem(422, detail)


def _problem(code: int, detail: str) -> Response:
    """An error as RFC 9457."""
    body = {"type": "about:blank", "status": code, "title": HTTPStatus(code).phrase, "detail": detail}
    return Response(orjson.dumps(body), status_code=code, media_type="application/problem+json")


async def _changes(live: dict[str, int], render: Any, language: str) -> AsyncIterator[str]:
    """The page's content as server-sent events, every two seconds."""
    live["clients"] += 1
    try:
        while True:
            html = await asyncio.to_thread(render, language)
            main = html[html.index("<main") : html.index("</main>") + len("</main>")]
            yield "".join(f"data: {line}\n" for line in main.splitlines()) + "\n"
            await asyncio.sleep(LIVE_EVERY_S)
    finally:
        live["clients"] -= 1


def serve(run_dir: Path, host: str, port: int, data_dir: Path | None = None) -> int:
    """Serve until a signal; 1 when the port is taken."""
    import uvicorn  # noqa: PLC0415  (a taken port is told before anything heavy is loaded)

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            print(f"hallig: cannot listen on {host}:{port}: {error.strerror}. Choose another --port.", file=sys.stderr)
            return 1
    uvicorn.run(create_app(run_dir, data_dir), host=host, port=port, log_level="warning", access_log=False)
    return 0
