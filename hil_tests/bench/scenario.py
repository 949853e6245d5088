"""One scenario: where it begins, what happens when, what must then be so. The model behind files and Python alike.

Times count from the instant at which plant and controller start. Texts with a unit ("500 ms") become seconds here.
"""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from hil_tests.bench.durations import Seconds

ID_FORM = r"^[A-Z]{3}-\d{3,6}[a-z]?$"
SEEDS_MAX = 100_000


class KeyMistakeError(ValueError):
    """Two keys that do not fit each other: the one to point at, what is found there, and what is wanted."""

    def __init__(self, key: str, found: str, wanted: str) -> None:
        super().__init__(wanted)
        self.key, self.found, self.wanted = key, found, wanted


class Tier(Enum):
    """How real the run is."""

    T0 = "t0"  # virtual time, direct links
    T1 = "t1"  # virtual time, real Modbus bytes in memory
    T2 = "t2"  # real time, real sockets, ptys, OPC UA and processes

    @property
    def is_repeatable(self) -> bool:
        """Virtual time: the same seed gives the same run, to the bit."""
        return self is not Tier.T2


def seeds_of(value: object) -> tuple[int, ...]:
    """`7`, `[7, 9]` or `"42..61"`. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if isinstance(value, list | tuple) and value and all(isinstance(each, int) for each in value):
        return tuple(value)
    match = re.fullmatch(r"(\d+)\.\.(\d+)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('a seed, a list of seeds, or a range like "42..61"')
    first, last = int(match[1]), int(match[2])
    if not first <= last < first + SEEDS_MAX:
        raise ValueError(f'a range like "42..61" with at most {SEEDS_MAX} seeds')
    return tuple(range(first, last + 1))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Start(_Strict):
    """How the plant stands when the controller wakes."""

    soc_pct: float = Field(default=85.0, ge=0, le=100)
    temperature_c: float = Field(default=12.0, ge=-40, le=60)
    irradiance_w_per_m2: float = Field(default=450.0, ge=0, le=1400)
    demand_ratio: float = Field(default=0.6, ge=0, le=4)
    relay_enabled: bool = True
    dark: bool = False  # grid dead, POI open, every source off
    off_for: Seconds = 0.0  # with `dark`: loads that were off for so long draw more when they come back
    plant: dict[str, Any] = Field(default_factory=dict)  # further options of the plant, by their names

    @model_validator(mode="after")
    def _is_off_in_the_dark(self) -> Start:
        if self.off_for and not self.dark:
            raise KeyMistakeError("off_for", "no `dark = true`", "`dark = true` beside `off_for`")
        return self


class Repeat(_Strict):
    """Do it again."""

    every: Annotated[Seconds, Field(gt=0)]
    times: int = Field(ge=2, le=10_000)


class Action(_Strict):
    """Something that happens. `do` names a verb or "fault"; all other keys are its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)
    at: Seconds
    do: str
    name: str | None = None  # to refer to it in `after`; without one, `do` is its name
    repeat: Repeat | None = None

    @property
    def label(self) -> str:
        """What `after` calls it."""
        return self.name or self.do

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the verb."""
        return dict(self.model_extra or {})

    @property
    def instants_s(self) -> tuple[float, ...]:
        """When it is done."""
        if self.repeat is None:
            return (self.at,)
        return tuple(self.at + number * self.repeat.every for number in range(self.repeat.times))


def _two(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError('a window from and to, like ["5 s", "20 s"]')
    return value


Window = Annotated[tuple[Seconds, Seconds], BeforeValidator(_two)]
PREDICATES = ("is_constant", "is_step", "is_ramp", "is_first_order")
KINDS = ("that", "wait_until", "always", "never", "metric", "event", *PREDICATES)


class Expectation(_Strict):
    """Exactly one of: `that` and `wait_until`, `always`, `never`, `metric`, `event`, or a predicate on a `signal`."""

    that: str | None = None  # true at some instant of the window
    wait_until: str | None = None  # as `that`; from then on `name` has happened, for the `after` of others
    name: str | None = None
    always: str | None = None  # true in every step of the window
    never: str | None = None  # in no step of the window
    metric: str | None = None
    event: str | None = None  # kind of a line in the controller's log
    signal: str | None = None
    is_constant: tuple[float, float] | None = None  # low, high
    is_step: dict[str, float] | None = None
    is_ramp: dict[str, float] | None = None
    is_first_order: dict[str, float] | None = None

    within: Seconds | None = None  # of `after`, or of the start
    after: str | None = None  # label of an action, `name` of a `wait_until`, or "mode.islanded": its first entry
    during: Window | None = None  # counted from `after`, or from the start
    at: Seconds | None = None  # `that`, at this instant only

    reason: str | None = None  # of an event
    subject: str | None = None
    count_min: int | None = Field(default=None, ge=0)
    count_max: int | None = Field(default=None, ge=0)
    min: float | None = None
    max: float | None = None
    because: str = ""  # the clause, or the sense of it

    @property
    def kind(self) -> str:
        """Which of the kinds this is."""
        return next(name for name in KINDS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _is_one_thing(self) -> Expectation:
        given = [name for name in KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise KeyMistakeError(given[-1] if given else "", found, f"exactly one of {', '.join(KINDS)}")
        if (self.signal is not None) != (given[0] in PREDICATES):
            key, found = ("signal", "`signal` alone") if self.signal is not None else (given[0], "no `signal`")
            raise KeyMistakeError(key, found, f"`signal` together with one of {', '.join(PREDICATES)}")
        if (self.name is not None) != (given[0] == "wait_until"):
            key, found = ("wait_until", "no `name`") if self.name is None else ("name", f"`name` beside {given[0]}")
            raise KeyMistakeError(key, found, "`wait_until` and `name` together: what `after` of others calls it")
        if given[0] == "metric" and self.min is None and self.max is None:
            raise KeyMistakeError("metric", "no bound", "`min` or `max` beside `metric`")
        for key, bounds, wanted in (
            ("max", (self.min, self.max), "`min` not above `max`"),
            ("count_max", (self.count_min, self.count_max), "`count_min` not above `count_max`"),
            ("is_constant", self.is_constant, "the lower bound first"),
            ("during", self.during, "a window that begins before it ends"),
        ):
            low, high = bounds if bounds is not None else (None, None)
            if low is not None and high is not None and low > high:
                raise KeyMistakeError(key, f"{low:g} and then {high:g}", wanted)
        return self


class Hardware(_Strict):
    """A device of the site that is a real one, at an address; the bench simulates the rest. Only in T2."""

    host: str | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    serial_port: str | None = None
    url: str | None = None


class Story(Protocol):
    """A scenario that is told in Python, as its director knows it."""

    def begin(self, director: Any) -> None:
        """A run begins."""
        ...

    def go_on(self) -> None:
        """After every step of the plant."""
        ...

    @property
    def is_over(self) -> bool:
        """Nothing more is to come."""
        ...

    def finish(self) -> Any:
        """The run is over: a finding, if it came too early."""
        ...


class Scenario(_Strict):  # noqa: PLW1641  (a dict of parameters is not hashable)
    """What is played and what must come of it."""

    id: str = Field(pattern=ID_FORM)
    title: str = Field(min_length=1, max_length=120)
    hub: str = "musterhallig"  # a shipped hub, one of the bench's own, or the path of a site file
    tags: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()  # of standards, grid codes, or the hub's risk list
    tiers: tuple[Tier, ...] = (Tier.T0, Tier.T1, Tier.T2)  # where it can run
    seed: Annotated[tuple[int, ...], BeforeValidator(seeds_of)] = (1,)
    until: Seconds
    stop_when: str | None = None  # a condition: once it has held for five seconds, the run may end early
    quasi_steady: bool = False  # endurance: decisions every 10 s while nothing happens
    start: Start = Start()
    timeline: tuple[Action, ...] = ()
    expect: tuple[Expectation, ...] = ()
    except_invariants: dict[str, str] = Field(default_factory=dict)  # invariant id: why it does not hold here
    hardware: dict[str, Hardware] = Field(default_factory=dict)
    expected: Literal["pass", "fail"] = "pass"
    gap: str = ""  # with expected = "fail": what the controller cannot do yet
    breaks: tuple[str, ...] = ()  # the findings that this announces: "I1", "expect.2", "t1 I27" in one tier; none: any
    _path: Path | None = PrivateAttr(default=None)
    _story: Story | None = PrivateAttr(default=None)

    @property
    def path(self) -> Path:
        """The file it came from, or the name that it would have."""
        return self._path or Path(f"{self.id}.toml")

    def announced(self, tier: Tier) -> tuple[str, ...]:
        """The findings that the mark of the gap announces in this tier."""
        in_tiers = [("", *each.split())[-2:] for each in self.breaks]
        return tuple(source for where, source in in_tiers if where in {"", tier.value})

    @property
    def story(self) -> Story | None:
        """What goes on beside the timeline, when it is told in Python."""
        return self._story

    def __eq__(self, other: object) -> bool:
        """The same story, from whatever file."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    def placed(self, path: Path) -> Scenario:
        """The same, from this file."""
        same = self.model_copy()
        same._path = path  # noqa: SLF001  (our own)
        return same

    def told_by(self, story: Story) -> Scenario:
        """The same, told in Python."""
        same = self.model_copy()
        same._story = story  # noqa: SLF001  (our own)
        return same

    @model_validator(mode="after")
    def _marks_have_reasons(self) -> Scenario:
        if not self.tiers:
            raise KeyMistakeError("tiers", "none", "at least one of t0, t1, t2")
        if (self.expected == "fail") != bool(self.gap):
            wanted = '`gap` with the reason beside expected = "fail", and only there'
            key, found = ("gap", "a gap without a failure") if self.gap else ("expected", '"fail" without a gap')
            raise KeyMistakeError(key, found, wanted)
        if self.breaks and not self.gap:
            raise KeyMistakeError("breaks", "findings of no gap", '`breaks` beside expected = "fail" and `gap`')
        return self
