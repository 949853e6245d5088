"""The catalogue's faults of the plant, of time, and of the controller's own process."""

from __future__ import annotations

from hil_tests.bench.scenario import Tier
from hil_tests.faults.types import ALL, FaultClass, FaultType, Kind, Parameter, Unit

HUB = frozenset({Unit.HUB})
REAL = frozenset({Tier.T2})
NOT_T1 = frozenset({Tier.T0, Tier.T2})


def _plant(id_: str, name: str, what: str, units: tuple[Unit, ...], *more: Parameter, note: str = "") -> FaultType:
    return FaultType(id_, name, FaultClass.PLANT, what, frozenset(units), parameters=more, note=note)


def _time(id_: str, name: str, what: str, *more: Parameter, tiers: frozenset[Tier] = ALL, note: str = "") -> FaultType:
    return FaultType(id_, name, FaultClass.TIME, what, HUB, tiers, more, note=note)


def _controller(id_: str, name: str, what: str, tiers: frozenset[Tier], *more: Parameter, note: str = "") -> FaultType:
    return FaultType(id_, name, FaultClass.CONTROLLER, what, HUB, tiers, more, note=note)


PLANT = (
    _plant("P1", "fails_to_open", "the breaker stays closed", (Unit.POI,)),
    _plant("P2", "fails_to_close", "the breaker or relay stays open", (Unit.POI, Unit.EARTHING)),
    _plant("P3", "slow_breaker", "the breaker takes half a second from order to contact", (Unit.POI,)),
    _plant("P4", "false_feedback", "the auxiliary contacts stay where they are", (Unit.POI,),
           Parameter("shows", Kind.WORD, "as_it_is", "what they say from now on",
                     choices=("as_it_is", "open", "closed"))),
    _plant("P5", "bms_trip", "the BMS opens its contactor; healed when somebody resets it", (Unit.BATTERY,)),
    _plant("P6", "no_charging", "the BMS allows no charging: CCL is 0", (Unit.BATTERY,)),
    _plant("P7", "inverter_trip", "the inverter trips; healed when somebody resets it", (Unit.BATTERY, Unit.PV)),
    _plant("P8", "ignores_setpoints", "orders are taken and not followed", (Unit.BATTERY, Unit.PV, Unit.GENSET)),
    _plant("P9", "fails_to_crank", "the engine turns and does not fire", (Unit.GENSET,)),
    _plant("P10", "stalls", "the engine dies under load", (Unit.GENSET,)),
    _plant("P11", "fuel_empty", "the tank is empty; healed when somebody fills it as it was", (Unit.GENSET,)),
    _plant("P12", "motor_start", "a motor starts behind the feeder", (Unit.FEEDER,),
           Parameter("power_w", Kind.NUMBER, 3000.0, "of the motor, when it runs", 0.0, 1e6),
           Parameter("inrush_ratio", Kind.NUMBER, 6.0, "what it draws of that when starting", 1.0, 20.0),
           Parameter("start_s", Kind.NUMBER, 1.0, "until it runs", 0.0, 60.0)),
    _plant("P13", "welded", "the contactor does not move any more; the poles of the POI do not follow its mechanism",
           (Unit.FEEDER, Unit.POI, Unit.EARTHING)),
    _plant("P14", "charger_dead", "the radio's charger gives nothing", (Unit.RADIO,)),
    _plant("P15", "pv_mass_trip", "all PV plants trip at once", (Unit.HUB,)),
    _plant("P16", "short_circuit", "a short behind a feeder: currents at their limit, the voltage goes",
           (Unit.FEEDER,),
           Parameter("trips_after_s", Kind.NUMBER, 0.0, "until its own protection clears it; 0: never", 0.0, 60.0)),
    _plant("P17", "control_supply_low", "the supply of the controller gives out: it dies until healed", (Unit.HUB,),
           Parameter("lasts_s", Kind.NUMBER, 0.0, "until the supply is too low", 0.0, 86400.0)),
)  # fmt: skip

SEES_LABELS = "only labels bear wall-clock time: nothing that is decided may change"
TIME = (
    _time("T1", "clock_jump", "the wall clock is set to another time",
          Parameter("by_s", Kind.NUMBER, 3600.0, "forward", -1.75e9, 1e9), note=SEES_LABELS),
    _time("T2", "dst", "summer time begins or ends",
          Parameter("by_s", Kind.NUMBER, 3600.0, "of local time, forward", -7200.0, 7200.0),
          note="T2: for what starts after it; " + SEES_LABELS),
    _time("T3", "suspend", "the machine sleeps: the plant goes on and the controller does not",
          Parameter("lasts_s", Kind.NUMBER, 30.0, "until it wakes", 0.0, 86400.0), tiers=NOT_T1),
    _time("T4", "year_2038", "the wall clock passes 2038-01-19, where 32 bits of seconds end",
          Parameter("before_s", Kind.NUMBER, 2.0, "how long before that instant it is set", 0.0, 86400.0),
          note=SEES_LABELS),
)  # fmt: skip

AFTER = (
    Parameter("after", Kind.WORD, "now", "what is counted before it happens", choices=("now", "orders", "frames")),
    Parameter("count", Kind.COUNT, 1, "so many of these, from now", 1, 1_000_000),
    Parameter("down_s", Kind.NUMBER, 0.0, "then started again by the service manager; 0: not before healed", 0.0, 1e6),
)
CONTROLLER = (
    _controller("K1", "kill", "as kill -9", ALL, *AFTER),
    _controller("K2", "terminate", "as SIGTERM: it ends in order", ALL, *AFTER[2:]),
    _controller("K3", "power_cycle", "power is lost: what was not on disk is gone, and the last page torn", ALL,
                Parameter("down_s", Kind.NUMBER, 3.0, "until it starts again; 0: not before healed", 0.0, 1e6),
                Parameter("torn", Kind.TRUTH, default=True, what="the journal's last page is garbage")),
    _controller("K4", "disk_full", "nothing more reaches the disk", ALL,
                note="T2: the log is read from the journal, and so again when there is room"),
    _controller("K5", "read_only", "the data folder takes nothing", ALL,
                note="T2: files and folder lose their write bits, which the controller notices when it starts anew"),
    _controller("K6", "no_descriptors", "no file or socket can be opened any more: EMFILE", REAL),
    _controller("K7", "starved", "others take the processor, in bursts", NOT_T1,
                Parameter("stop_s", Kind.NUMBER, 0.3, "it gets none of it", 0.0, 600.0),
                Parameter("run_s", Kind.NUMBER, 0.3, "then all of it", 0.01, 600.0)),
    _controller("K8", "flood", "somebody asks the control socket without pause", REAL,
                Parameter("clients", Kind.COUNT, 4, "at the same time", 1, 64)),
    _controller("K9", "corrupt_config", "the site file is garbage when it starts the next time; it is killed", REAL),
    _controller("K10", "second_instance", "somebody starts it a second time", REAL),
    _controller("K11", "core_hangs", "its judgement stands still, and its links go on; healed, it is started anew",
                frozenset({Tier.T1}), note="T1 alone has the links of the field and their heartbeats without a process "
                "of its own whose watchdog would end it"),
)  # fmt: skip
