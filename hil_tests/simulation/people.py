"""People in virtual time: what they ask for, and for how long it stands."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from controller.model.advice import OperatorRequest, RequestKind

REQUEST_LIFE_S = 10.0
WHO = "duty officer"
REMEMBERED_COUNT = 32  # far more than a story's people ask within a request's life


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for, as that person remembers it."""

    at_s: float
    kind: RequestKind
    subject: str | None
    at_the_hub: bool


@dataclass(slots=True)
class People:
    """Requests as the control socket would hold them."""

    _requests: list[OperatorRequest] = field(default_factory=list)
    _count: int = 0
    asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=REMEMBERED_COUNT))

    def ask(
        self, kind: RequestKind, subject: str | None, now_s: float, *, at_the_hub: bool, for_s: float | None = None
    ) -> None:
        """A person asks for something. `for_s`: how long a planned island is to last; None: until somebody asks."""
        self._count += 1
        self.asked.append(Asked(now_s, kind, subject, at_the_hub))
        number, until_s = f"request-{self._count}", now_s + REQUEST_LIFE_S
        self._requests.append(OperatorRequest(number, kind, subject, WHO, at_the_hub, until_s, for_s))

    def living(self, now_s: float) -> tuple[OperatorRequest, ...]:
        """What is still alive."""
        if not self._requests:
            return ()
        self._requests = [request for request in self._requests if request.expires_at_s >= now_s]
        return tuple(self._requests)

    def forget(self) -> None:
        """The process that held them is gone."""
        self._requests.clear()
