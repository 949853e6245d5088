"""The shape of a device table: a device is a page of data."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from controller.config.shapes import NODE_PATTERN, NotNegative, Part, Positive, ShortTimeEntry

OnLossName = Literal["hold", "open", "stop", "keep_forming", "free_run"]
TypeName = Literal[
    "int16", "uint16", "int32", "uint32", "float32", "int32_le", "uint32_le", "float32_le", "bool", "string"
]
NodeText = Annotated[str, Field(pattern=NODE_PATTERN)]


class PointEntry(Part):
    """One point of a device table: one place, and what the numbers there mean."""

    address: int | None = Field(default=None, ge=0, le=65535)
    space: Literal["holding", "input", "coil", "discrete"] = "holding"
    bit: int | None = Field(default=None, ge=0, le=15)
    model: int | None = Field(default=None, ge=1, le=65534)
    offset: int | None = Field(default=None, ge=2)  # the header itself takes two registers
    scale_offset: int | None = Field(default=None, ge=2)  # where the SunSpec model keeps the scale factor
    node: NodeText | None = None
    type: TypeName = "uint16"
    access: Literal["r", "w", "rw"] = "r"
    read_back: bool = False  # written and not polled, and can be read alone: a write of unknown fate is looked up
    group: Literal["fast", "normal", "slow"] = "normal"
    scale: float = 1.0  # value = raw * scale, in our unit and our sign
    enum: dict[str, int] | None = None  # our word = raw number
    sentinel: int | None = None  # raw number that means 'not available'
    minimum: float | None = None  # outside is implausible and read as unknown
    maximum: float | None = None
    resolution: Positive | None = None  # None: of a whole number, its scale
    accuracy: Positive | None = None  # half width, in the point's unit
    refresh_s: NotNegative = 0.0  # the instrument's own: adds to the age of a value


class DeviceHead(Part):
    """What a device table says of the device itself."""

    brand: str
    model: str
    protocol: Literal["modbus_tcp", "modbus_rtu", "opcua"]
    evidence: Literal["simulated", "bench", "field"]
    source: str = Field(min_length=3)
    caveats: list[str] = Field(default_factory=list)
    on_loss: OnLossName  # what the device does by itself when we are silent, on grid
    on_loss_island: OnLossName  # and in the island
    reversion_s: Positive | None = None  # after so much silence; none: it never notices
    heartbeat: str | None = None  # the point that we keep counting up
    min_gap_s: Annotated[float, Field(ge=0, le=1)] = 0.0  # Modbus: between an answer and the next question
    connect_delay_s: Annotated[float, Field(ge=0, le=10)] = 0.0  # Modbus TCP: between connecting and the first question
    single_client: bool = False  # Modbus TCP: has room for one connection, which is ours
    short_time: list[ShortTimeEntry] = Field(default_factory=list)  # of an inverter; its source is that of the table


class RoleEntry(Part):
    """The points of one role; with `channels`, channel n lies `stride` registers behind channel n - 1."""

    channels: int | None = Field(default=None, ge=1, le=64)
    stride: int = Field(default=1, ge=1, le=100)
    points: dict[str, PointEntry]


class DeviceTableFile(Part):
    """A whole device table. A head that is missing or too wrong to be read is None."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("device", "roles")

    device: DeviceHead | None = None
    roles: dict[str, RoleEntry] = Field(default_factory=dict)
