"""A scenario told in Python: a coroutine that acts on the hub and waits for it, in every tier alike.

Whoever steps the plant goes on with the story after the step, so `await` costs no time but the plant's and a story is
as repeatable as a file. A story waits for what the bench offers and for nothing else: it has no event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from controller.config.errors import Problem
from controller.config.toml_file import TomlFile
from controller.config.types import Site
from hil_tests.bench.checks import check_action, check_kind
from hil_tests.bench.durations import seconds
from hil_tests.bench.expectations import window
from hil_tests.bench.expressions import compile_condition
from hil_tests.bench.predicates import INSTANT_S
from hil_tests.bench.scenario import Action, Expectation, Scenario
from hil_tests.bench.signals import Sample, Signal, signals_of
from hil_tests.bench.verdict import Finding

if TYPE_CHECKING:
    from hil_tests.bench.director import Director

Region = Literal["at", "above", "below", "between"]
Told = Coroutine["Wait", float | None, None]
NO_FILE = TomlFile(Path("story"), "", {})


class StoryError(ValueError):
    """The story asks for what this hub or this bench does not have."""


class NotInTimeError(AssertionError):
    """What a story waited for did not come."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Hands over to the plant until something is so; answers with the instant at which it was."""

    is_so: Callable[[], bool]
    until_s: float
    complaint: Callable[[], str]

    def __await__(self) -> Generator[Wait, float, float]:
        """Only the bench takes it."""
        return (yield self)


class StoryBench:
    """What a story acts on. `tell` it, play its `scenario`, and it goes on by itself."""

    def __init__(self, scenario: Scenario, site: Site) -> None:
        self.scenario, self.site = scenario.told_by(self), site
        self._signals: dict[str, Signal] = signals_of(site)
        self._story: Told | None = None  # while it waits
        self._wait: Wait | None = None
        self._checked: list[Expectation] = []
        self._director: Director

    # -- for the story --------------------------------------------------------------------------------------------
    @property
    def now_s(self) -> float:
        """The plant's time."""
        return self._director.scene.now_s

    def read(self, signal: str) -> Sample:
        """What a signal is now; None while it has no value. Raises StoryError."""
        return self._signal(signal)(self._director.scene)

    def at(self, instant: str | float) -> Moment:
        """Something at an instant of the plant's time: `await bench.at("10 s").grid.blackout(fall_s=0.02)`."""
        return Moment(self, _seconds(instant))

    @property
    def now(self) -> Moment:
        """Something at once: `await bench.now.grid.blackout()`."""
        return Moment(self, self.now_s)

    async def run_for(self, duration: str | float) -> float:
        """Let time pass; answers with the instant."""
        return await self._until(self.now_s + _seconds(duration))

    async def wait_until(
        self,
        signal: str,
        *,
        region: Region = "at",
        value: Any,
        timeout: str | float,  # noqa: ASYNC109  (of the plant's time, which no event loop knows)
        from_region: Region | None = None,
        from_value: Any = None,
    ) -> float:
        """Until a signal is `at`, `above`, `below` or `between`; with `from_region`, only after it has been there.

        Answers with the instant.

        Raises:
            NotInTimeError: it was not within `timeout`.
            StoryError: the hub has no such signal, or it cannot be there.
        """
        read = self._signal(signal)
        reached = _region(region, value)
        left = _region(from_region, value if from_value is None else from_value) if from_region else None
        has_been = [left is None]

        def is_so() -> bool:
            now = read(self._director.scene)
            has_been[0] = has_been[0] or (left is not None and left(now))
            return has_been[0] and reached(now)

        return await self._wait_for(is_so, _seconds(timeout), f"{signal} {region} {value}", signal)

    async def wait_for(self, condition: str, timeout: str | float) -> float:  # noqa: ASYNC109  (as above)
        """Until a condition holds, in the words of the files. Answers with the instant. Raises as `wait_until`."""
        holds = compile_condition(condition, self._signals)
        return await self._wait_for(lambda: holds(self._director.scene), _seconds(timeout), condition, "")

    def check(self, expected: Expectation | None = None, /, **keys: Any) -> None:
        """What must be so from now on: `sig(...).is_constant(...)`, or the keys of an `expect` of a file.

        Raises:
            StoryError: nothing on this hub is called so, or the window has begun already.
        """
        expected = expected if expected is not None else Expectation.model_validate(keys)
        _refuse(list(check_kind(NO_FILE, ("check",), expected, self.site, list(self._signals))))
        is_placed = expected.after is not None or expected.during is not None
        span = window(expected, self._director.happened, self.scenario.until) if is_placed else None
        if span is not None and span[0] < self.now_s - INSTANT_S:
            raise StoryError(f"a window from {span[0]:g} s on, and it is {self.now_s:g} s: say what must be so before")
        self._checked.append(expected)
        self._director.expect(expected)

    # -- for the bench ---------------------------------------------------------------------------------------------
    def tell(self, story: Told) -> None:
        """What is to be told in the next run."""
        self._story, self._wait, self._checked = story, None, []

    def begin(self, director: Director) -> None:
        """A run begins."""
        self._director = director

    def go_on(self) -> None:
        """After every step of the plant. Raises what the story raises."""
        while self._story is not None:
            if self._wait is None or self._wait.is_so():
                self._resume(self._story, None)
            elif self.now_s > self._wait.until_s + INSTANT_S:
                self._resume(self._story, NotInTimeError(self._wait.complaint()))
            else:
                return

    @property
    def is_over(self) -> bool:
        """Told to its end, and what must be so has had its time."""
        if self._story is not None:
            return False
        spans = [window(each, self._director.happened, self.scenario.until) for each in self._checked]
        return all(span is not None and self.now_s > span[1] + INSTANT_S for span in spans)

    def finish(self) -> Finding | None:
        """The run is over: was the story?"""
        if self._story is None:
            return None
        self._story.close()
        waiting = f": {self._wait.complaint()}" if self._wait is not None else ""
        return Finding("story", self.now_s, f"not told to its end{waiting}")

    def _resume(self, story: Told, too_late: NotInTimeError | None) -> None:
        """To the next `await`, or to the end."""
        self._story = None  # unless it waits again
        try:
            if too_late is not None:
                what: object = story.throw(too_late)
            else:
                what = story.send(None if self._wait is None else self.now_s)
        except StopIteration:
            return
        if not isinstance(what, Wait):
            story.close()
            raise StoryError("a story waits for the bench and for nothing else: at, run_for, wait_until, wait_for")
        self._story, self._wait = story, what

    def _signal(self, name: str) -> Signal:
        compile_condition(f"is_known({name})", self._signals)  # says what was probably meant
        return self._signals[name]

    async def _until(self, instant_s: float) -> float:
        return await Wait(lambda: self.now_s >= instant_s - INSTANT_S, instant_s, lambda: f"until {instant_s:g} s")

    async def _wait_for(self, is_so: Callable[[], bool], timeout_s: float, what: str, signal: str) -> float:
        def complaint() -> str:
            now = self.read(signal) if signal else None
            seen = f"{now:g}" if isinstance(now, float) else str(now)
            return f"not within {timeout_s:g} s: {what}" + (f"; it is {seen}" if signal else "")

        return await Wait(is_so, self.now_s + timeout_s, complaint)

    async def act(self, at_s: float, verb: str, parameters: dict[str, Any]) -> float:
        """Do something then. Raises StoryError for what this hub cannot do."""
        keys = {name.rstrip("_"): value for name, value in parameters.items()}  # `for` is a word of Python's own
        action = Action.model_validate({"at": f"{at_s:.6f} s", "do": verb, **keys})
        _refuse(list(check_action(NO_FILE, (verb,), action, self.scenario, self.site)))
        if at_s < self.now_s - INSTANT_S:
            raise StoryError(f"{verb} at {at_s:g} s, and it is {self.now_s:g} s")
        await self._until(at_s)
        self._director.do(action)
        return self.now_s


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant at which something is done: its attributes spell the verb, calling it does it."""

    _bench: StoryBench
    _at_s: float
    _words: tuple[str, ...] = ()

    def __getattr__(self, word: str) -> Moment:
        """One word of the verb: `.grid.blackout`, or of Python's own words `.grid.return_`."""
        return Moment(self._bench, self._at_s, (*self._words, word.rstrip("_")))

    async def __call__(self, **parameters: Any) -> float:
        """Waits for the instant, then does it."""
        return await self._bench.act(self._at_s, ".".join(self._words), parameters)


def _seconds(duration: str | float) -> float:
    return seconds(duration) if isinstance(duration, str) else float(duration)


def _region(region: str, value: Any) -> Callable[[Sample], bool]:
    """Whether a sample is there. A signal without a value is nowhere."""
    match region:
        case "at":
            return lambda now: now == value
        case "above" | "below":
            sign = 1.0 if region == "above" else -1.0
            return lambda now: isinstance(now, int | float) and sign * (now - value) > 0.0
        case "between":
            low, high = value
            return lambda now: isinstance(now, int | float) and low <= now <= high
    raise StoryError(f"a region: at, above, below or between, not {region!r}")


def _refuse(problems: list[Problem]) -> None:
    """Raises StoryError with all of them."""
    if problems:
        raise StoryError("\n".join(str(each).partition(": ")[2] for each in problems))
