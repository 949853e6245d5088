"""What a Modbus bus needs of the wire below it; TCP and RTU each have one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from controller.config.types import Device
from controller.drivers.blocks import BIT_SPACES

FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}  # to read (Modbus Application Protocol V1.1b3, 6)


class Question(NamedTuple):
    """What to ask: `count` registers or bits from `address` of a space."""

    space: str
    address: int
    count: int  # type: ignore[assignment]  # a tuple counts too, and nobody asks it to

    @property
    def data_length(self) -> int:
        """Bytes of data that the answer must carry."""
        return (self.count + 7) // 8 if self.space in BIT_SPACES else 2 * self.count


@dataclass(frozen=True, slots=True)
class Rules:
    """Where the two wires differ."""

    hole_max: int
    failures_to_pause: int  # of one device, in a row: its breaker opens and the others go on
    failures_to_drop: int  # in a row and of everybody: the connection is made anew, the serial port opened again
    is_stream: bool  # a reply that cannot be ours means that the stream is out of step


class Transport(Protocol):
    """One wire, one owner. Every question has its own deadline; every answer is checked before it is handed on.

    Reading and writing raise `NoAnswerError`, `BadReplyError` or `RefusedError`; `LinkDownError` when the wire is gone.
    """

    @property
    def is_open(self) -> bool:
        """The connection stands, as far as anybody knows."""
        ...

    async def open(self, on_lost: Callable[[], None]) -> None:
        """Connect anew; `on_lost` is called at once when the connection breaks. Raises LinkDownError."""
        ...

    def close(self) -> None:
        """Let go of the wire; never raises, never waits."""
        ...

    async def read(self, device: Device, question: Question) -> bytes:
        """The data bytes of the answer, exactly as many as asked for."""
        ...

    async def write_registers(self, device: Device, address: int, values: Sequence[int]) -> None:
        """Write holding registers."""
        ...

    async def write_coil(self, device: Device, address: int, value: bool) -> None:
        """Write one coil."""
        ...

    async def quiet(self, device: Device) -> None:
        """After a failure: leave the wire alone until a late answer can be told from the next one."""
        ...
