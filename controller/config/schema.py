"""The shape of our files, as pydantic models. An unread key is an error; nothing is guessed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]
PhaseName = Literal["l1", "l2", "l3"]
Names = str | list[str]


class Strict(BaseModel):
    """No unknown keys, no silent conversions from text."""

    model_config = ConfigDict(extra="forbid", strict=False, frozen=True)


class LabelEntry(Strict):
    """A name in the three languages of the region."""

    de: str = Field(min_length=1)
    da: str = Field(min_length=1)
    en: str = Field(min_length=1)


class DeviceEntry(Strict):
    """One device of a site: its table, and where it is."""

    table: str
    host: str = ""
    port: int = Field(default=502, ge=1, le=65535)
    unit: int = Field(default=1, ge=0, le=247)
    serial_port: str = ""
    baudrate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    url: str = ""
    timeout_s: Positive = 0.3
    fast_s: Positive = 0.02
    normal_s: Positive = 0.2
    slow_s: Positive = 1.0


class PoiEntry(Strict):
    """The point of interconnection."""

    id: str = "poi"
    label: LabelEntry
    source: Names = Field(alias="from")
    opened_by: Literal["device", "sync_relay", "controller", "open_transition"]
    closed_by: Literal["device", "sync_relay", "controller", "open_transition"]
    breaker_opening_s: Positive
    breaker_closing_s: Positive
    breaker_closing_uncertainty_s: NotNegative
    angle_error_deg: NotNegative
    import_max_w: Positive
    export_max_w: NotNegative
    has_settings_groups: bool = False


class ShortTimeEntry(Strict):
    """A point of an inverter's overload curve."""

    load_ratio: Annotated[float, Field(ge=1)]
    hold_s: Positive


class SourceEntry(Strict):
    """What batteries and gensets share."""

    label: LabelEntry
    source: Names = Field(alias="from")
    bus: Literal["island", "grid_side"] = "island"
    phases: list[PhaseName] = ["l1", "l2", "l3"]
    rating_va: Positive
    can_form: bool
    always_forms: bool = False
    can_set_frequency: bool = False
    can_set_voltage: bool = False


class BatteryEntry(SourceEntry):
    """A battery with its inverter."""

    capacity_wh: Positive
    droop_pct: NotNegative = 0.0  # frequency drop at rating, percent of nominal
    reserve_soc_pct: Percent = 80.0
    empty_soc_pct: Percent = 5.0
    full_soc_pct: Percent = 98.0
    short_time: list[ShortTimeEntry] = []


class PvEntry(Strict):
    """A photovoltaic inverter."""

    label: LabelEntry
    source: Names = Field(alias="from")
    bus: Literal["island", "grid_side"] = "island"
    phases: list[PhaseName] = ["l1", "l2", "l3"]
    rating_w: Positive


class GensetEntry(SourceEntry):
    """A generator set."""

    connection: Literal["bus", "inverter_input", "upstream_ats", "hand"]
    start_below_soc_pct: Percent
    stop_above_soc_pct: Percent
    min_load_w: NotNegative
    min_run_s: NotNegative
    start_time_s: Positive
    start_attempts_max: int = Field(ge=1, le=10)
    fuel_capacity_l: Positive
    fuel_l_per_h_at_rating: Positive


class FeederEntry(Strict):
    """A group of loads behind one contactor."""

    label: LabelEntry
    source: Names = Field(alias="from")
    tier: int = Field(ge=0, le=9)
    bus: Literal["island", "grid_side"] = "island"
    phases: list[PhaseName] = ["l1", "l2", "l3"]
    rated_w: Positive
    carries_control: bool
    pickup_ratio: Annotated[float, Field(ge=1, le=10)] = 1.5
    contactor_s: Positive = 0.05


class TierEntry(Strict):
    """A rank of loads."""

    label: LabelEntry
    shed_below_soc_pct: Percent
    restore_above_soc_pct: Percent


class RadioEntry(Strict):
    """An emergency radio node."""

    label: LabelEntry
    source: Names = Field(alias="from")
    feeder: str | None = None
    own_reserve_wh: NotNegative = 0.0


class EarthingEntry(Strict):
    """How the island's neutral is earthed."""

    kind: Literal["permanent", "switched_by_us", "switched_by_device"]
    relay: str | None = None
    source: Names | None = Field(default=None, alias="from")


class SignalEntry(Strict):
    """Weather and safety signals: only where they come from."""

    source: Names = Field(alias="from")


class TimingEntry(Strict):
    """Times of the transition function, where the hub differs from the default."""

    cycle_s: Annotated[float, Field(ge=0.02, le=1.0)] = 0.05
    restore_settle_s: NotNegative = 5.0
    resync_max_s: Positive = 120.0
    return_offset_s: NotNegative = 0.0
    flap_patience_s: NotNegative = 30.0


class SiteFile(Strict):
    """A whole site file."""

    name: str = Field(min_length=1)
    label: LabelEntry
    grid_code: str
    envelope: str = "standard"
    nominal_voltage_v: Annotated[float, Field(ge=100, le=400)] = 230.0
    nominal_frequency_hz: Literal[50] = 50
    poi: PoiEntry
    devices: dict[str, DeviceEntry]
    batteries: dict[str, BatteryEntry]
    pv: dict[str, PvEntry] = {}
    gensets: dict[str, GensetEntry] = {}
    feeders: dict[str, FeederEntry]
    tiers: dict[str, TierEntry]
    radios: dict[str, RadioEntry] = {}
    earthing: EarthingEntry
    weather: SignalEntry | None = None
    safety: SignalEntry | None = None
    timing: TimingEntry = TimingEntry()
    max_age_s: dict[str, Positive] = {}


class PointEntry(Strict):
    """One point of a device table."""

    address: int | None = Field(default=None, ge=0, le=65535)
    space: Literal["holding", "input", "coil", "discrete"] = "holding"
    bit: int | None = Field(default=None, ge=0, le=15)
    model: int | None = None
    offset: int | None = None
    scale_offset: int | None = None
    node: str | None = None
    type: Literal[
        "int16", "uint16", "int32", "uint32", "float32", "int32_le", "uint32_le", "float32_le", "bool", "string"
    ] = "uint16"
    access: Literal["r", "w", "rw"] = "r"
    group: Literal["fast", "normal", "slow"] = "normal"
    scale: float = 1.0
    enum: dict[str, int] | None = None
    sentinel: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    resolution: float | None = None
    refresh_s: NotNegative = 0.0


class DeviceHead(Strict):
    """What a device table says of the device itself."""

    brand: str
    model: str
    protocol: Literal["modbus_tcp", "modbus_rtu", "opcua"]
    evidence: Literal["simulated", "bench", "field"]
    source: str
    caveats: list[str] = []
    on_loss: Literal["hold", "open", "stop", "keep_forming", "free_run"]
    on_loss_island: Literal["hold", "open", "stop", "keep_forming", "free_run"]
    reversion_s: Positive | None = None
    heartbeat: str | None = None


class RoleEntry(Strict):
    """The points of one role; with `channels`, channel n lies `stride` registers behind channel n - 1."""

    channels: int | None = Field(default=None, ge=1, le=64)
    stride: int = Field(default=1, ge=1, le=100)
    points: dict[str, PointEntry]


class DeviceTableFile(Strict):
    """A whole device table."""

    device: DeviceHead
    roles: dict[str, RoleEntry]


class Sourced(Strict):
    """A number with the place it comes from and how sure we are."""

    value: float
    source: str = Field(min_length=3)
    confidence: Literal["high", "medium", "low"]


class LossBandEntry(Strict):
    """One limit of the grid code."""

    reason: str
    quantity: Literal["voltage_ratio", "frequency_hz"]
    below: float | None = None
    above: float | None = None
    hold_s: Positive
    source: str = Field(min_length=3)
    confidence: Literal["high", "medium", "low"]


class GridCodeFile(Strict):
    """A whole grid code."""

    name: str
    note: str = ""
    automatic_reconnection: bool
    values: dict[str, Sourced]
    loss_bands: list[LossBandEntry]


class EnvelopeFile(Strict):
    """The guard's limits."""

    name: str
    values: dict[str, Sourced]


def known_keys() -> frozenset[str]:
    """Every key that any of our files may hold: the pool for "did you mean"."""
    keys: set[str] = set()
    for model in Strict.__subclasses__() + SourceEntry.__subclasses__():
        keys |= {info.alias or name for name, info in model.model_fields.items()}
    return frozenset(keys)
