"""Errors: as RFC 9457 for programs, as a sentence and the way back for people. Their types are told on `/docs`."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from controller.config.wording import wanted
from supervisor.docs import PROBLEM_TYPE
from supervisor.pages import Pages
from supervisor.words import choose_language

DOCS = "/docs"
RETRY_AFTER_S = 5


class Fault(Enum):
    """What can go wrong: the end of its type, the status code, its title, and what to do about it."""

    NOT_FOUND = ("not-found", 404, "Nothing is at this address", "All addresses are on this page.")
    READ_ONLY = ("read-only", 405, "This can only be read", "Ask with GET. Nothing here takes orders.")
    WRONG_PARAMETER = ("wrong-parameter", 422, "A parameter has a wrong value", "The detail names it and says why.")
    NO_CONTACT = ("no-contact", 503, "The controller was never heard", "Ask again; the controller may be starting.")
    NEWER = ("newer-controller", 503, "The controller is newer than this web", "Update the web to the same version.")
    FULL = ("too-many-listeners", 503, "No room for another listener", "Ask for the page or the status instead.")
    NO_TELEMETRY = ("no-telemetry", 503, "No telemetry can be read here", "The detail says whether to ask again.")
    FAILED = ("web-failed", 500, "The web has made a mistake", "Control goes on. The reason is in the web's log.")

    def __init__(self, slug: str, code: int, title: str, remedy: str) -> None:
        self.slug, self.code, self.title, self.remedy = slug, code, title, remedy

    @property
    def type(self) -> str:
        """Where it is explained, on this machine."""
        return f"{DOCS}#{self.slug}"


BY_CODE = {404: Fault.NOT_FOUND, 405: Fault.READ_ONLY, 422: Fault.WRONG_PARAMETER, 500: Fault.FAILED}


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Which kind of mistake; an address on this machine that explains it")
    title: str = Field(description="The kind in words, always the same")
    status: int = Field(description="The HTTP status code")
    detail: str = Field(description="What it was this time")
    instance: str = Field(description="The path that was asked for")


class Refusal(HTTPException):
    """An error of a kind that its code alone does not tell."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(fault.code, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        self.fault = fault


def answer_errors(app: FastAPI, pages: Pages) -> None:
    """Teach the application to say what went wrong."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        fault = error.fault if isinstance(error, Refusal) else BY_CODE.get(error.status_code)
        answer = _tell(request, pages, fault or error.status_code, _detail(request, error))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        parts = (f"{'.'.join(str(step) for step in found['loc'])}: wanted {wanted(found)}" for found in error.errors())
        return _tell(request, pages, Fault.WRONG_PARAMETER, "; ".join(parts))

    @app.exception_handler(Exception)
    async def failed(request: Request, _: Exception) -> Response:
        return _tell(request, pages, Fault.FAILED, "The web could not answer. Control goes on.")


def _detail(request: Request, error: HTTPException) -> str:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return f"There is no {request.url.path} here; {DOCS} lists what there is."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.url.path} can only be read, not asked with {request.method}."
    return str(error.detail)


def _tell(request: Request, pages: Pages, fault: Fault | int, detail: str) -> Response:
    """A page for a browser that asks for one, a problem for everybody else."""
    code = fault.code if isinstance(fault, Fault) else fault
    headers = {"Cache-Control": "no-store"}
    wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
    if wants_page:
        language = choose_language(request.query_params.get("lang"), request.headers.get("accept-language", ""))
        text = pages.note(language, "page.not_found" if code == HTTPStatus.NOT_FOUND else "page.failed")
        return HTMLResponse(text, code, {**headers, "Content-Security-Policy": pages.policy})
    kind, title = (fault.type, fault.title) if isinstance(fault, Fault) else ("about:blank", HTTPStatus(code).phrase)
    problem = Problem(type=kind, title=title, status=code, detail=detail, instance=request.url.path)
    return Response(orjson.dumps(problem.model_dump()), code, headers, PROBLEM_TYPE)
