"""Errors: as RFC 9457 for programs, as a sentence and the way back for people."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from supervisor.pages import Pages
from supervisor.words import choose_language

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str


def answer_errors(app: FastAPI, pages: Pages) -> None:
    """Teach the application to say what went wrong."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return _tell(request, pages, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        parts = (f"{'.'.join(str(step) for step in found['loc'])}: {found['msg']}" for found in error.errors())
        return _tell(request, pages, 422, "; ".join(parts))

    @app.exception_handler(Exception)
    async def failed(request: Request, _: Exception) -> Response:
        return _tell(request, pages, 500, "The web has failed; control goes on. The reason is in its log.")


def _tell(request: Request, pages: Pages, code: int, detail: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    if not request.url.path.startswith("/api/"):
        language = choose_language(request.query_params.get("lang"), request.headers.get("accept-language", ""))
        text = pages.note(language, "page.not_found" if code == HTTPStatus.NOT_FOUND else "page.failed")
        return HTMLResponse(text, status_code=code, headers=headers)
    title = HTTPStatus(code).phrase
    problem = Problem(title=title, status=code, detail=detail, instance=request.url.path)
    return Response(orjson.dumps(problem.model_dump()), status_code=code, media_type=MEDIA_TYPE, headers=headers)
