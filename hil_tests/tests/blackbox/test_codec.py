"""Everything of the vocabulary goes to JSON and comes back as it was, and what is foreign is named."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from controller.blackbox.decoding import ForeignError, decode
from controller.blackbox.encoding import encode
from controller.core.memory import CoreMemory
from controller.guard.memory import GuardMemory
from controller.model.advice import Advice
from controller.model.commands import Commands
from controller.model.decision import Event, Veto
from controller.model.envelope import Envelope
from controller.model.grid_code import GridCode, LossBand
from controller.model.hub import Hub, ShortTimePoint
from controller.model.image import PoiSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition

KINDS: tuple[type, ...] = (
    ProcessImage, CoreMemory, GuardMemory, Advice, Commands, Event, Veto, Envelope, GridCode, Hub,
)  # fmt: skip
BANDS = st.builds(
    LossBand,
    reason=st.sampled_from(Reason),
    quantity=st.text(),
    below=st.none() | st.floats(),
    above=st.none() | st.floats(),
    hold_s=st.floats(),
)
st.register_type_strategy(LossBand, BANDS)  # its hints name a type that only type checkers import


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_everything_comes_back_as_it_was(kind: type[Any]) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.from_type(kind))
    def there_and_back(value: Any) -> None:
        plain = encode(value)
        try:
            text = orjson.dumps(plain)
        except TypeError:
            reject()  # numbers beyond 64 bits
        unknown: set[str] = set()
        back = decode(kind, orjson.loads(text), "it", unknown)
        assert encode(back) == plain
        assert repr(back) == repr(decode(kind, plain, "it")), "not even a 1 has become a 1.0"
        assert back == value or "nan" in repr(value), "a NaN is unlike itself"
        assert not unknown

    there_and_back()


def test_numbers_that_json_does_not_know() -> None:
    seen = PoiSeen(grid_frequency_hz=math.nan, power_w=PhaseValues(math.inf, -math.inf, -0.0))
    back = decode(PoiSeen, orjson.loads(orjson.dumps(encode(seen))), "it")
    assert math.isnan(back.grid_frequency_hz or 0.0)
    assert back.power_w == (math.inf, -math.inf, 0.0)
    assert math.copysign(1.0, (back.power_w or [1.0])[2]) == -1.0
    endless = ShortTimePoint(1.0, math.inf)
    assert decode(ShortTimePoint, encode(endless), "it") == endless


def test_what_another_version_wrote() -> None:
    unknown: set[str] = set()
    plain = {"position": "open", "smell": "smoke"}
    assert decode(PoiSeen, plain, "seen.poi", unknown) == PoiSeen(position=BreakerPosition.OPEN)
    assert unknown == {"PoiSeen.smell"}


@pytest.mark.parametrize(
    ("kind", "plain", "said"),
    [
        (PoiSeen, {"position": "ajar"}, "seen.position: found 'ajar', wanted a BreakerPosition that today's"),
        (PoiSeen, {"grid_frequency_hz": "fifty"}, "seen.grid_frequency_hz: found 'fifty', wanted float"),
        (PoiSeen, {"dso_lock": 1}, "seen.dso_lock: found 1, wanted bool"),
        (PoiSeen, {"power_w": [1.0, 2.0]}, "seen.power_w: found [1.0, 2.0], wanted a list of 3"),
        (PoiSeen, [], "seen: found [], wanted an object"),
        (ProcessImage, {"feeders": [1]}, "seen.feeders: found [1], wanted an object"),
        (ShortTimePoint, {"hold_s": 1.0}, "seen.load_ratio: found None, wanted a value"),
        (Event, {"kind": "shed", "reason": "restore", "subject": "x", "values": {"a": [1]}}, "seen.values.a: found"),
    ],
)
def test_what_is_foreign_is_named(kind: type, plain: Any, said: str) -> None:
    with pytest.raises(ForeignError) as told:
        decode(kind, plain, "seen")
    assert str(told.value).startswith(said)


@dataclass(frozen=True)
class Ambiguous:
    of_which: PoiSeen | ShortTimePoint


def test_a_field_that_a_reader_could_not_tell_apart_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        encode(Ambiguous(PoiSeen()))
