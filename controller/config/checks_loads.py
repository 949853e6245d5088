"""Feeders, their tiers, and the radios they keep alive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from controller.config.draft import Draft
from controller.config.errors import Problem, nearest

RESERVED_NAMES = ("poi", "weather", "safety", "dimming", "hub", "guard", "emergency_off", "lockout", "dso_lock")


def _tier_is_there(draft: Draft) -> Iterator[Problem]:
    known = sorted(draft.written("tiers"))
    if not all(number.isdecimal() for number in known):
        return  # which number a misnamed tier was to have, nobody knows
    for name, feeder in draft.site.feeders.items():
        if str(feeder.tier) not in known:
            wanted = f"one of the tiers {', '.join(known)}"
            yield draft.file.problem(("feeders", name, "tier"), f"{feeder.tier}", wanted)


def _control_is_shed_last(draft: Draft) -> Iterator[Problem]:
    for name, feeder in draft.site.feeders.items():
        if feeder.carries_control and feeder.tier != 0:
            yield draft.file.problem(("feeders", name, "tier"), f"{feeder.tier}", "0, since the feeder carries control")


def _somebody_carries_control(draft: Draft) -> Iterator[Problem]:
    """The controller has to hang on something; a hub whose feeders all may be opened can switch itself off."""
    feeders = draft.site.feeders
    if feeders and draft.is_sound("feeders") and not any(feeder.carries_control for feeder in feeders.values()):
        wanted = "at least one: what supplies controller and switch"
        yield draft.file.problem(("feeders",), "no feeder with carries_control = true", wanted)


def _tier_levels_have_room(draft: Draft) -> Iterator[Problem]:
    for number, tier in draft.site.tiers.items():
        if tier.restore_above_soc_pct <= tier.shed_below_soc_pct:
            wanted = f"more than shed_below_soc_pct, which is {tier.shed_below_soc_pct:g}"
            loc = ("tiers", number, "restore_above_soc_pct")
            yield draft.file.problem(loc, f"{tier.restore_above_soc_pct:g}", wanted)


def _lower_tiers_stay_longer(draft: Draft) -> Iterator[Problem]:
    """A higher tier number is shed first, so it must not keep its power at a lower charge."""
    tiers = sorted(draft.site.tiers.items())
    for (_, kept), (number, shed) in pairwise(tiers):
        if shed.shed_below_soc_pct < kept.shed_below_soc_pct:
            found = f"{shed.shed_below_soc_pct:g}"
            wanted = f"at least {kept.shed_below_soc_pct:g}, the level of the tier before it"
            yield draft.file.problem(("tiers", number, "shed_below_soc_pct"), found, wanted)


def _radio_hangs_on_a_feeder(draft: Draft) -> Iterator[Problem]:
    known = draft.written("feeders")
    for name, radio in draft.site.radios.items():
        if radio.feeder is not None and radio.feeder not in known:
            found = f"the unknown feeder '{radio.feeder}'"
            hint = nearest(radio.feeder, known)
            yield draft.file.problem(("radios", name, "feeder"), found, "a feeder of this site", hint)


def _offer_hangs_on_what_is_there(draft: Draft) -> Iterator[Problem]:
    for name, offer in draft.site.offers.items():
        if not (offer.feeders or offer.radios):
            yield draft.file.problem(("offers", name), "nothing that it hangs on", "'feeders', 'radios', or both")
        for section, wanted in (("feeders", offer.feeders), ("radios", offer.radios)):
            known = draft.written(section)
            for index, one in enumerate(wanted):
                if one not in known:
                    kind = section.removesuffix("s")
                    loc = ("offers", name, section, index)
                    yield draft.file.problem(
                        loc, f"the unknown {kind} '{one}'", f"a {kind} of this site", nearest(one, known)
                    )


def _names_are_free(draft: Draft) -> Iterator[Problem]:
    for section in ("batteries", "pv", "gensets", "feeders", "radios"):
        for name in draft.written(section) & frozenset(RESERVED_NAMES):
            yield draft.file.problem((section, name), f"the name '{name}'", "a name that the hub does not use itself")


def _who_is_dimmed_may_be(draft: Draft) -> Iterator[Problem]:
    """Cars and heat pumps; never what carries control or is shed last."""
    entry, feeders, known = draft.site.dimming, draft.site.feeders, draft.written("feeders")
    for index, name in enumerate(entry.feeders if entry is not None else ()):
        loc = ("dimming", "feeders", index)
        feeder = feeders.get(name)
        if name not in known:
            yield draft.file.problem(loc, f"the unknown feeder '{name}'", "a feeder of this site", nearest(name, known))
        elif feeder is not None and (feeder.tier == 0 or feeder.carries_control or feeder.bus != "island"):
            yield draft.file.problem(loc, f"'{name}'", "a feeder of the island's side, not of tier 0, without control")


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _tier_is_there,
    _control_is_shed_last,
    _somebody_carries_control,
    _tier_levels_have_room,
    _lower_tiers_stay_longer,
    _radio_hangs_on_a_feeder,
    _offer_hangs_on_what_is_there,
    _names_are_free,
    _who_is_dimmed_may_be,
)
