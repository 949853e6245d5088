"""The checked configuration as frozen objects: points, device tables, devices, the site that binds them to assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from controller.model.envelope import Envelope
from controller.model.hub import AssetId, Hub, ShortTimePoint


class Protocol(Enum):
    """How a device is spoken to."""

    MODBUS_TCP = "modbus_tcp"
    MODBUS_RTU = "modbus_rtu"
    OPCUA = "opcua"


class Evidence(Enum):
    """How far a device table is trusted."""

    SIMULATED = "simulated"
    BENCH = "bench"
    FIELD = "field"


class PollGroup(Enum):
    """How often a point is read; the periods belong to the device."""

    FAST = "fast"
    NORMAL = "normal"
    SLOW = "slow"


class OnLoss(Enum):
    """What the device does by itself when we fall silent."""

    HOLD = "hold"  # goes on as it is
    OPEN = "open"  # contactor drops
    STOP = "stop"
    KEEP_FORMING = "keep_forming"
    FREE_RUN = "free_run"  # limits lapse


@dataclass(frozen=True, slots=True)
class ModbusWhere:
    """`space` is holding, input, coil or discrete; `bit` picks one bit of a register."""

    space: str
    address: int
    bit: int | None = None


@dataclass(frozen=True, slots=True)
class SunSpecWhere:
    """An offset in registers from a model's header, found by walking the chain from the SunS marker."""

    model: int
    offset: int
    scale_offset: int | None  # where the model keeps the 10^sf of this point


@dataclass(frozen=True, slots=True)
class NodeWhere:
    """An OPC UA node id, for instance `ns=2;s=Battery.SoC`."""

    node: str


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a device, in our unit and our sign: `value = raw * scale`."""

    id: str  # "battery.soc_pct"; with channels "feeder.3.position"
    where: ModbusWhere | SunSpecWhere | NodeWhere
    type: str  # int16 uint16 int32 uint32 float32 (high word first; *_le low word first) bool string
    readable: bool
    writable: bool
    group: PollGroup = PollGroup.NORMAL
    scale: float = 1.0
    enum: Mapping[int, str] | None = None  # raw -> the value of one of our enums
    sentinel: int | None = None  # raw value that means "not available"
    minimum: float | None = None  # outside is implausible, read as None
    maximum: float | None = None
    resolution: float | None = None  # how fine a reading is at best, accuracy included; None: nobody has said
    refresh_s: float = 0.0  # the instrument's own refresh: adds to the age
    read_back: bool = False  # written and not polled, and can be read alone

    @property
    def register_count(self) -> int:
        """Registers that the value takes on Modbus."""
        return 2 if "32" in self.type else 1


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """A device is a page of data."""

    name: str  # "hallig_sim/poi_relay"
    path: Path
    brand: str
    model: str
    protocol: Protocol
    evidence: Evidence
    source: str
    caveats: tuple[str, ...]
    on_loss: OnLoss  # while grid-connected
    on_loss_island: OnLoss
    reversion_s: float | None  # the device acts `on_loss` after this; None: never
    heartbeat: str | None  # id of the point that we must keep counting up
    points: Mapping[str, Point]
    short_time: tuple[ShortTimePoint, ...] = ()  # of an inverter: what it carries beyond its rating
    min_gap_s: float = 0.0  # between an answer and the next question
    connect_delay_s: float = 0.0  # between connecting and the first question
    is_single_client: bool = False  # has room for one connection


@dataclass(frozen=True, slots=True)
class Tls:
    """Modbus/TCP Security: files in PEM, and the name in the device's certificate, if it is not its host."""

    ca: Path  # whom we trust
    certificate: Path  # who we are
    key: Path
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class Security:
    """By what an OPC UA server and we know each other. Every message is signed and encrypted."""

    policy: str  # Basic256Sha256 or Aes256Sha256RsaPss
    certificate: Path  # ours; the server must have it among those that it trusts
    private_key: Path
    server_certificate: Path  # the pinned one: we speak to nobody else
    user: str = ""
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """One device of a site: a table, an address, and how often it is asked."""

    name: str
    table: DeviceTable
    host: str = ""
    port: int = 0
    tls: Tls | None = None
    unit: int = 1
    serial_port: str = ""
    baudrate: int = 9600
    parity: str = "none"  # even odd
    stop_bits: int = 1
    has_echo: bool = False
    url: str = ""
    security: Security | None = None  # None: whoever is at the address is believed
    timeout_s: float = 0.3
    fast_s: float = 0.02
    normal_s: float = 0.2
    slow_s: float = 1.0


@dataclass(frozen=True, slots=True)
class PointRef:
    """A point of a device: where an asset's value comes from or goes to."""

    device: str
    point: str


@dataclass(frozen=True, slots=True)
class AssetBinding:
    """The fields of one asset, each with its sources in order of preference.

    Keys are field names without the role: `reads["soc_pct"]`, `writes["mode_set"]`. Phase values keep their
    phases here: `voltage_l1_v`, `voltage_l2_v`, `voltage_l3_v`.
    """

    asset: AssetId
    role: str  # poi battery pv genset feeder earthing radio weather safety dimming
    reads: Mapping[str, tuple[PointRef, ...]]
    writes: Mapping[str, PointRef]


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that `hallig run` needs to know."""

    path: Path
    hub: Hub
    envelope: Envelope
    devices: Mapping[str, Device]
    bindings: Mapping[
        AssetId, AssetBinding
    ]  # the POI under its id, "weather", "safety" and "dimming" under those names
    max_age_s: Mapping[str, float] = field(default_factory=dict)  # by role: older than this is None
    envelope_name: str = ""
    envelope_sha256: str = ""  # of its file, as it was read
    drill_months: frozenset[int] = frozenset(range(1, 13))  # in which `hallig drill` may leave the grid
