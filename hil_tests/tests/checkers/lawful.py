"""The lawful neighbour of each wrong: as near to it as may be, and nothing to complain of."""

from __future__ import annotations

from dataclasses import replace

from controller.model.reasons import EventKind, Reason
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.wrongs_of_the_log import reclosed_gently

NO_RELAY = PlantOptions(relay_enabled=False)
LITTLE = PlantOptions(demand_ratio=0.2)


def begun(options: PlantOptions | None = None) -> Stage:
    stage = Stage(options)
    stage.begin()
    return stage


def in_the_island(options: PlantOptions | None = None) -> Stage:
    stage = Stage(options)
    stage.island()
    return stage


def leaves_a_dead_street_at_once() -> Stage:
    stage = begun(NO_RELAY)
    stage.order("battery_main", "mode_set", "grid_forming")
    stage.plant.grid.blackout()
    stage.run(0.3)
    stage.order("poi", "open", True)
    stage.run(5.0)
    return stage


def opens_within_the_loss_band() -> Stage:
    stage = begun(NO_RELAY)
    stage.plant.grid.blackout()
    stage.run(3.5)
    stage.order("poi", "open", True)
    stage.run(2.0)
    return stage


def closes_in_sync() -> Stage:
    return reclosed_gently()


def follows_after_the_contact() -> Stage:
    stage = reclosed_gently()
    stage.order("battery_main", "mode_set", "grid_following")
    stage.run(2.0)
    return stage


def hands_the_bus_over() -> Stage:
    stage = in_the_island(LITTLE)
    second = stage.plant.batteries["battery_second"]
    second.battery = replace(second.battery, capabilities=replace(second.battery.capabilities, can_form=True))
    stage.order("battery_main", "mode_set", "off")
    stage.run(1.0)
    stage.order("battery_second", "mode_set", "grid_forming")
    stage.run(1.0)
    return stage


def sheds_the_least_first() -> Stage:
    stage = in_the_island(LITTLE)
    for feeder in reversed(stage.by_tier()):
        stage.order(feeder, "closed", False)
        stage.run(1.5)
        if feeder == "medical":
            break
    return stage


def restores_one_by_one() -> Stage:
    stage = begun(LITTLE)
    for feeder in ("warm_room", "cold_chain"):
        stage.order(feeder, "closed", False)
    stage.island()
    for feeder in ("warm_room", "cold_chain"):
        stage.order(feeder, "closed", True)
        stage.run(stage.site.hub.timing.restore_settle_s + 0.1)
    return stage


def restores_the_most_important_first() -> Stage:
    stage = begun(LITTLE)
    for feeder in ("medical", "ev_posts"):
        stage.order(feeder, "closed", False)
    stage.island()
    for feeder in ("medical", "ev_posts"):
        stage.order(feeder, "closed", True)
        stage.run(stage.site.hub.timing.restore_settle_s + 0.1)
    return stage


def leaves_waiting_what_a_person_holds() -> Stage:
    stage = begun(LITTLE)
    stage.say(EventKind.REQUESTED, "medical", what="open_feeder")
    for feeder in ("medical", "ev_posts"):
        stage.order(feeder, "closed", False)
    stage.island()
    stage.order("ev_posts", "closed", True)
    stage.run(1.0)
    return stage


def serves_what_the_charge_allows() -> Stage:
    stage = in_the_island(LITTLE)
    stage.plant.batteries["battery_main"].soc_pct = 95.0
    stage.run(31.0)
    return stage


def asks_for_the_rating() -> Stage:
    stage = begun()
    stage.order("pv_school", "limit_set_w", stage.site.hub.pv["pv_school"].rating_w)
    stage.run(0.1)
    return stage


def charges_as_much_as_the_bms_allows() -> Stage:
    stage = begun()
    stage.run(3.0)
    battery = stage.plant.batteries["battery_main"]
    stage.order("battery_main", "power_set_w", -0.99 * min(battery.charge_limit_w, battery.battery.rating_va))
    stage.run(0.1)
    return stage


def gives_in_frost() -> Stage:
    stage = in_the_island(PlantOptions(demand_ratio=0.3, temperature_c=-5.0, irradiance_w_per_m2=0.0))
    stage.run(11.0)
    return stage


def opens_the_unseen() -> Stage:
    stage = begun()
    stage.scene.active_faults.append(("io_module", "silent"))
    stage.run(3.0)
    stage.order("ev_posts", "closed", False)
    stage.run(0.1)
    return stage


def looks_before_it_moves() -> Stage:
    stage = begun()
    stage.order("n_pe", "closed", True)
    stage.run(0.1)
    return stage


def says_why() -> Stage:
    stage = begun()
    stage.run(5.0)
    stage.order("ev_posts", "closed", False)
    stage.run(2.0)
    return stage


def names_a_deaf_contactor() -> Stage:
    stage = begun()
    stage.run(61.0)
    stage.plant.feeders["ev_posts"].stuck = True
    stage.order("ev_posts", "closed", False)
    stage.run(1.0)
    stage.say(EventKind.ALARM, "ev_posts", Reason.NOT_FOLLOWED)
    stage.run(7.0)
    return stage


def switches_now_and_then() -> Stage:
    stage = begun()
    for _ in range(5):
        stage.order("ev_posts", "closed", False)
        stage.run(11.0)
        stage.order("ev_posts", "closed", True)
        stage.run(11.0)
    return stage
