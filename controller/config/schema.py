"""The shape of a site file, as pydantic models. An unread key is an error; nothing is guessed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from controller.config.shapes import Name, NotNegative, Part, Percent, Positive, ShortTimeEntry

RoleName = Literal["poi", "battery", "pv", "genset", "feeder", "earthing", "radio", "weather", "safety", "dimming"]
SwitcherName = Literal["device", "sync_relay", "controller", "open_transition"]
UnattendedName = Literal["open", "closed"]
BusName = Literal["island", "grid_side"]
Phases = Annotated[list[Literal["l1", "l2", "l3"]], Field(min_length=1, max_length=3)]
THREE_PHASES: Phases = ["l1", "l2", "l3"]
Names = str | list[str]
Text = Annotated[str, Field(pattern=r"\S")]
TierNumber = Annotated[str, Field(pattern=r"^[0-9]$")]


class LabelEntry(Part):
    """A name in the three languages of the region."""

    de: Text
    da: Text
    en: Text


class TlsEntry(Part):
    """Modbus/TCP Security: both sides show a certificate. Files in PEM, beside the site file or by their whole path."""

    ca: Text  # whom we trust: the authority that signed the device's certificate, or that certificate itself
    certificate: Text  # who we are
    key: Text  # of our certificate; readable by the controller alone
    server_name: str = ""  # the name in the device's certificate; empty: as in host


class SecurityEntry(Part):
    """How we and an OPC UA server know each other. Files are PEM or DER; paths count from the site file."""

    policy: Literal["Basic256Sha256", "Aes256Sha256RsaPss"]  # always signed and encrypted
    certificate: Text  # the hub's own; its URI is the hub's application URI
    private_key: Text  # of that certificate, without a password; RSA with 2048 to 4096 bits
    server_certificate: Text  # of the server: no other one is spoken to, whatever its dates say
    user: str = ""
    password_file: str = ""  # the user's password is its first line


class DeviceEntry(Part):
    """One device of a site: its table, and where it is."""

    table: str
    host: str = ""
    port: int = Field(default=502, ge=1, le=65535)
    tls: TlsEntry | None = None  # Modbus TCP only; its usual port is 802
    unit: int = Field(default=1, ge=0, le=255)
    serial_port: str = ""
    baudrate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    has_echo: bool = False  # the serial adapter hears what it sends
    url: str = ""
    security: SecurityEntry | None = None  # of OPC UA; none: nothing is encrypted, and anybody may be at the address
    timeout_s: Positive = 0.3  # until an answer counts as lost
    fast_s: Positive = 0.02  # poll periods; which point is in which group says the table
    normal_s: Positive = 0.2
    slow_s: Positive = 1.0


class PoiEntry(Part):
    """The point of interconnection."""

    id: Name = "poi"
    label: LabelEntry
    source: Names = Field(alias="from")
    opened_by: SwitcherName  # who moves the breaker: for each there are modes and vetoes of its own
    closed_by: SwitcherName  # controller: only with one instrument that sees both sides
    breaker_opening_s: Positive  # longest time from order to open contacts
    breaker_closing_s: Positive  # mean time from order to contact, order latency included
    breaker_closing_uncertainty_s: NotNegative  # half width of that time
    angle_error_deg: NotNegative  # of the instrument that sees both sides
    import_max_w: Positive
    export_max_w: NotNegative
    has_settings_groups: bool = False  # the relay has one group for the grid and one for the island
    active_detection: Text | None = None  # who finds a street that only we feed, and where it is certified
    unattended: UnattendedName = "open"  # where it is left when our own supply ends; closed: a returning grid feeds us
    return_voltage_min_ratio: Annotated[float, Field(ge=0.8, le=1)] = 0.917  # no return below, while energy lasts
    return_voltage_max_ratio: Annotated[float, Field(ge=1, le=1.2)] = 1.05  # nor above; both: IEEE 1547-2018


class SourceEntry(Part):
    """What batteries and gensets share."""

    label: LabelEntry
    source: Names = Field(alias="from")
    bus: BusName = "island"
    phases: Phases = THREE_PHASES
    rating_va: Positive
    can_form: bool  # can carry an island alone
    always_forms: bool = False  # cannot follow: is stopped when the POI is not proven open
    can_set_frequency: bool = False
    can_set_voltage: bool = False


class BatteryEntry(SourceEntry):
    """A battery with its inverter."""

    capacity_wh: Positive
    forms_in_parallel: bool = False  # may form beside a healthy grid: a planned island then begins without a break
    droop_pct: NotNegative = 0.0  # frequency drop at rating, percent of nominal
    reserve_soc_pct: Percent = 80.0  # kept for the island while on grid
    empty_soc_pct: Percent = 5.0  # forming ends below
    full_soc_pct: Percent = 98.0
    short_time: list[ShortTimeEntry] = Field(default_factory=list)  # empty: as in the device's table
    short_time_source: Text | None = None  # where the curve is written: the manual, its page
    shifts_frequency: bool = False  # by itself, without us: raises the island's frequency when it must charge less
    shifts_frequency_source: Text | None = None  # where that is written, or the report of a test
    gives_up_soc_pct: Percent | None = None  # forming, it trips when charged to this; none: 98 is assumed
    gives_up_source: Text | None = None  # where that is written: the manual, its page


class PvEntry(Part):
    """A photovoltaic inverter."""

    label: LabelEntry
    source: Names = Field(alias="from")
    bus: BusName = "island"
    phases: Phases = THREE_PHASES
    rating_w: Positive


class GensetEntry(SourceEntry):
    """A generator set."""

    connection: Literal["bus", "inverter_input", "upstream_ats", "hand"]
    start_below_soc_pct: Percent
    stop_above_soc_pct: Percent
    min_load_w: NotNegative
    min_run_s: NotNegative
    start_time_s: Positive  # longest time from crank order to ready
    start_attempts_max: int = Field(ge=1, le=10)
    fuel_capacity_l: Positive
    fuel_l_per_h_at_rating: Positive


class FeederEntry(Part):
    """A group of loads behind one contactor. `carries_control` has no default: somebody must have thought of it."""

    label: LabelEntry
    source: Names = Field(alias="from")
    tier: int = Field(ge=0, le=9)  # 0 is shed last
    bus: BusName = "island"
    phases: Phases = THREE_PHASES
    rated_w: Positive
    average_w: Positive | None = None  # over a day, for the energy of what is promised; None: rated_w
    carries_control: bool  # supplies controller, switch, router or relay: never opened while the bus is live
    pickup_ratio: Annotated[float, Field(ge=1, le=10)] = 1.5  # cold-load pick-up, times the power before
    contactor_s: Positive = 0.05  # from the device's answer to an open contact


class TierEntry(Part):
    """A rank of loads. With `hold_s`, what the hub promises: this tier from batteries and fuel alone, for so long."""

    label: LabelEntry
    shed_below_soc_pct: Percent
    restore_above_soc_pct: Percent
    hold_s: Positive | None = None  # none: nothing is promised


class RadioEntry(Part):
    """An emergency radio node."""

    label: LabelEntry
    source: Names = Field(alias="from")
    feeder: str | None = None  # which one charges it
    own_reserve_wh: NotNegative = 0.0


class OfferEntry(Part):
    """Something people come for. It hangs on feeders, and by them on their tiers; or on radios with a battery."""

    label: LabelEntry
    feeders: list[str] = Field(default_factory=list)
    radios: list[str] = Field(default_factory=list)


class EarthingEntry(Part):
    """How the island's neutral is earthed."""

    kind: Literal["permanent", "switched_by_us", "switched_by_device"]
    relay: Name | None = None
    source: Names | None = Field(default=None, alias="from")


class SignalEntry(Part):
    """Weather and safety signals: only where they come from."""

    source: Names = Field(alias="from")


class DimmingEntry(SignalEntry):
    """The network operator's control box: how far it may dim the connection, and who is dimmed (EnWG section 14a)."""

    limit_w: Annotated[float, Field(ge=4200)]  # import while its contact is closed; at least what the law leaves
    feeders: list[str] = Field(default_factory=list)  # shed when the battery does not do it; none of tier 0


class TimingEntry(Part):
    """Times of the transition function, where the hub differs from the default."""

    cycle_s: Annotated[float, Field(ge=0.02, le=1.0)] = 0.05
    restore_settle_s: NotNegative = 5.0  # at least this between two pick-ups
    resync_max_s: Positive = 120.0  # steering is given up after this
    return_offset_s: NotNegative = 0.0  # per hub: a thousand hubs do not restore load in one second
    flap_patience_s: NotNegative = 30.0  # added per recent failed return, doubling


Month = Annotated[int, Field(ge=1, le=12)]


class DrillEntry(Part):
    """When a planned island may be exercised."""

    months: list[Month] = Field(default=list(range(1, 13)), min_length=1)  # in which `hallig drill` may leave the grid


class SiteFile(Part):
    """A whole site file. What is required and missing, or too wrong to be read, is None or empty."""

    REQUIRED: ClassVar[tuple[str, ...]] = (
        "name", "label", "grid_code", "poi", "devices", "batteries", "feeders", "tiers", "earthing",
    )  # fmt: skip

    name: Name | None = None
    label: LabelEntry | None = None
    grid_code: str | None = None
    envelope: str = "standard"
    nominal_voltage_v: Annotated[float, Field(ge=100, le=400)] = 230.0
    nominal_frequency_hz: Literal[50] = 50
    poi: PoiEntry | None = None
    devices: dict[Name, DeviceEntry] = Field(default_factory=dict)
    batteries: dict[Name, BatteryEntry] = Field(default_factory=dict)
    pv: dict[Name, PvEntry] = Field(default_factory=dict)
    gensets: dict[Name, GensetEntry] = Field(default_factory=dict)
    feeders: dict[Name, FeederEntry] = Field(default_factory=dict)
    tiers: dict[TierNumber, TierEntry] = Field(default_factory=dict)
    radios: dict[Name, RadioEntry] = Field(default_factory=dict)
    offers: dict[Name, OfferEntry] = Field(default_factory=dict)
    earthing: EarthingEntry | None = None
    weather: SignalEntry | None = None
    safety: SignalEntry | None = None
    dimming: DimmingEntry | None = None
    timing: TimingEntry = TimingEntry()
    drill: DrillEntry = DrillEntry()
    max_age_s: dict[RoleName, Positive] = Field(default_factory=dict)
