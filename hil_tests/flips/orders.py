"""What was switched with flipped bits, beside what is switched in the same story without.

Of every contact, mode and engine: an order that the story without flips does not know is a wrong switching operation,
and so is one that is too early. One that does not come at all is as wrong. Late it may come, for a doubted sample costs
a sample and a verdict begins anew; and again, for an order that was withdrawn comes back. On the way back, which
begins where the POI is no longer held open, an order waits for the angle, and that is chance: it may come as soon as
the way back has begun, too. One that loses sight of the grid is given up, so that the POI is held open once more, and
begun again. With faults on the POI's own device in the story, that it is no longer held open comes when the wire lets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from controller.drivers.link import Value
from hil_tests.bench.scene import Received
from hil_tests.bench.verdict import Finding

SOURCE = "flips"
SWITCHING = frozenset({"open", "close", "close_permit", "closed", "mode_set", "run"})
FIRST_WORDS_S = 1.0  # before, a new controller says how things are
EARLY_S = 1.0  # from judgement: who learns of the sag a sample sooner, in a plant that rolls its dice once more
LATE_S = 60.0  # from judgement: an observation time that begins anew, and a contact that waits for the angle
AGAIN_COUNT = 3  # from judgement: a closing that is withdrawn because of a doubted sample, and comes again
Key = tuple[str, str, Value]
BACK: Key = ("poi", "open", False)
GIVEN_UP: Key = ("poi", "open", True)
CLOSES: Key = ("poi", "close", True)


def wrong_operations(
    flipped: Sequence[Received], plain: Sequence[Received], until_s: float, *, has_faults: bool = False
) -> Iterator[Finding]:
    """Each switching operation that one of the two runs has and the other has not."""
    wanted, found = _instants(plain), _instants(flipped)
    returns_s, closings_s = wanted.get(BACK, []), found.get(CLOSES, [])
    for key, instants_s in found.items():
        may_be_early = has_faults and key == BACK
        ways = (returns_s, closings_s)
        yield from _surplus(key, instants_s, wanted.get(key, []), ways, may_be_early=may_be_early)
    for key, instants_s in wanted.items():
        if key not in found and instants_s[0] + LATE_S < until_s:
            yield Finding(SOURCE, instants_s[0], f"{_words(key)} is missing; without flips it came")


def _surplus(
    key: Key,
    found_s: Sequence[float],
    wanted_s: Sequence[float],
    ways_s: tuple[Sequence[float], Sequence[float]],
    *,
    may_be_early: bool,
) -> Iterator[Finding]:
    """`ways_s`: when ways back began without flips, and when the POI was closed with them."""
    returns_s, closings_s = ways_s
    begun_s = [at_s for at_s in returns_s if not any(at_s <= done_s < found_s[-1] for done_s in closings_s)]
    if not wanted_s:
        yield Finding(SOURCE, found_s[0], f"{_words(key)}, which does not come without flips")
        return
    if not may_be_early and found_s[0] < _earliest_s(wanted_s[0], returns_s):
        yield Finding(SOURCE, found_s[0], f"{_words(key)} comes {wanted_s[0] - found_s[0]:.1f} s early")
    last_s = max((wanted_s[-1], *begun_s)) if key == GIVEN_UP else wanted_s[-1]
    if found_s[-1] > last_s + LATE_S:
        yield Finding(SOURCE, found_s[-1], f"{_words(key)} comes {found_s[-1] - last_s:.1f} s late")
    if len(found_s) > len(wanted_s) + AGAIN_COUNT:
        yield Finding(SOURCE, found_s[-1], f"{_words(key)} comes {len(found_s)} times, without flips {len(wanted_s)}")


def _earliest_s(wanted_s: float, returns_s: Sequence[float]) -> float:
    """Of what came on a way back: as soon as that had begun, but no more than a minute sooner."""
    begun_s = max((at_s for at_s in returns_s if wanted_s - LATE_S <= at_s <= wanted_s), default=wanted_s)
    return begun_s - EARLY_S


def _instants(orders: Iterable[Received]) -> Mapping[Key, list[float]]:
    """When each was ordered to be otherwise than before."""
    standing: dict[tuple[str, str], Value] = {}
    found: dict[Key, list[float]] = {}
    for order in orders:
        place = (order.asset, order.field)
        if order.field in SWITCHING and order.at_s > FIRST_WORDS_S and standing.get(place) != order.value:
            found.setdefault((*place, order.value), []).append(order.at_s)
        standing[place] = order.value
    return found


def _words(key: Key) -> str:
    return f"{key[0]} {key[1]} {key[2]}"
