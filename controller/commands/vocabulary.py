"""Which keys of the catalogue the commands put together from codes. A test holds the catalogue to this page."""

from __future__ import annotations

from controller.config.types import OnLoss
from controller.core.transitions import TRANSITIONS
from controller.model.words import Authority, Mode

RULES = (
    "grid_verdict",
    "mode_wants_open",
    "earth_behind_proof",
    "behind_proof",
    "beside_the_grid",
    "island_time_over",
    "island_low_soc",
    "in_sync_window",
    "sync_relay_may",
    "onto_dead_bus",
    "left_to_the_grid",
    "dead_bus_return",
    "black_start_battery",
    "black_start_genset",
    "black_start_sun",
    "last_act",
    "contact_measured",
    "poi_closings_used",
    "prepared_shed",
    "overload",
    "underfrequency",
    "low_soc",
    "island_collapsed",
    "pickup_collapse",
    "feeder_overdrawn",
    "not_followed",
    "left_alone",
    "import_limited",
    "import_free",
    "energy_and_room",
    "order_followed",
    "genset_low_soc",
    "genset_person",
    "genset_black_start",
    "genset_not_needed",
    "genset_gives_way",
    "genset_feeds_street",
    "battery_full",
    "latched",
    "released",
    "person_asked",
    "person_refused",
    "veto",
    "core_failed",
    "decided_late",
)
"""Rules beside the rows of the transition table; each veto of the guard is told under `veto`."""

INPUTS = (
    "verdict",
    "grid_voltage",
    "grid_frequency",
    "grid_voltage_below",
    "grid_voltage_above",
    "grid_frequency_below",
    "grid_frequency_above",
    "held",
    "hold",
    "observation",
    "bus_voltage",
    "bus_frequency",
    "bus_voltage_below",
    "bus_voltage_above",
    "bus_frequency_below",
    "bus_frequency_above",
    "poi_position",
    "poi_current",
    "open_signs_count",
    "angle",
    "angle_limit",
    "slip",
    "slip_limit",
    "voltage_difference",
    "voltage_difference_limit",
    "contact_angle",
    "sample_gap",
    "angle_after",
    "voltage_difference_after",
    "current_after",
    "closing_time",
    "sample_age",
    "sample_age_limit",
    "net_import",
    "import_max",
    "load",
    "soc",
    "soc_below",
    "soc_above",
    "former",
    "candidate",
    "former_rating",
    "former_power",
    "discharge_limit",
    "overload",
    "overload_limit",
    "shed_set",
    "tier",
    "pickup",
    "pickup_ceiling",
    "ordered_before",
    "attempts_count",
    "attempts_max_count",
    "attempt",
    "wait",
    "earthing_is_ready",
    "earthing_position",
    "emergency_off",
    "dso_lock",
    "latched",
    "who",
    "at_the_hub",
    "authority",
    "ordered",
    "cause",
    "found_open_set",
    "found_forming_set",
    "durable_poi_held_open",
    "durable_latched",
    "durable_held_open",
    "durable_shed_set",
    "durable_attempts_count",
    "durable_ages_unknown_count",
    "newest_attempt",
)
"""What rules look at, without phase and unit."""

OTHERS = {
    "line": [mode.value for mode in Mode] + [a.value for a in Authority if a is not Authority.AUTO],
    "clear": ["emergency_off", "dso_lock", "poi_close", "lockout", "other"],
    "observe": ["on", "off"],
    "island": ["on", "off", "stays"],
    "loss": [loss.value for loss in OnLoss],
}


def rule_names() -> frozenset[str]:
    """Every rule that has a sentence."""
    return frozenset({row.when.__name__ for row in TRANSITIONS} | set(RULES))


def command_keys() -> frozenset[str]:
    """Every key that a command puts together from a code."""
    rules = {f"rule.{name}" for name in rule_names()}
    inputs = {f"input.{name}" for name in INPUTS}
    return frozenset(rules | inputs | {f"{family}.{code}" for family, codes in OTHERS.items() for code in codes})
