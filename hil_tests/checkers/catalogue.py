"""All checkers, in the order of the catalogue. Fresh ones for every run."""

from __future__ import annotations

from hil_tests.checkers.base import Checker
from hil_tests.checkers.causes import Causes, Hysteresis
from hil_tests.checkers.closing import (
    Backfeed,
    ClosingConditions,
    Observation,
    forms_on_the_grid,
    one_reference,
    stays_on_a_dead_street,
)
from hil_tests.checkers.contract import SlowReturn, inside_the_contract
from hil_tests.checkers.followed import Followed
from hil_tests.checkers.gensets import Cranks, LastSource, MinimumRun, reverse_power
from hil_tests.checkers.in_sync import SyncClosing
from hil_tests.checkers.islanding import (
    RadioWarning,
    SourceTrips,
    earthing_before_load,
    no_charge_in_frost,
)
from hil_tests.checkers.logbook import AlarmStorm, QuietRestart, Vetoes, belief_fits, energy_adds_up
from hil_tests.checkers.orders import (
    NothingInEmergency,
    SilentObserver,
    no_charge_order_against_the_bms,
    nothing_to_the_stale,
    within_ratings,
)
from hil_tests.checkers.people import ControlFeeders, ManualLock, what_tripped_stays
from hil_tests.checkers.reserve import Reserve
from hil_tests.checkers.tier_zero import TierZero
from hil_tests.checkers.tiers import RestoreOrder, Staging, TierOrder


def all_checkers() -> list[Checker]:
    """Every checker, for one run."""
    return [
        Backfeed(),
        stays_on_a_dead_street(),
        SyncClosing(),
        forms_on_the_grid(),
        one_reference(),
        TierOrder(),
        Staging(),
        RestoreOrder(),
        Reserve(),
        within_ratings(),
        no_charge_order_against_the_bms(),
        no_charge_in_frost(),
        nothing_to_the_stale(),
        QuietRestart(),
        Causes(),
        Followed(),
        Hysteresis(),
        Cranks(),
        LastSource(),
        MinimumRun(),
        reverse_power(),
        RadioWarning(),
        what_tripped_stays(),
        Observation(),
        SlowReturn(),
        inside_the_contract(),
        ManualLock(),
        belief_fits(),
        energy_adds_up(),
        AlarmStorm(),
        earthing_before_load(),
        TierZero(),
        SourceTrips(),
        NothingInEmergency(),
        SilentObserver(),
        ClosingConditions(),
        ControlFeeders(),
        Vetoes(),
    ]
