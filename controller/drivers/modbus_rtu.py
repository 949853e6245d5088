"""Modbus RTU through minimalmodbus: one thread per serial line, because the library is not safe with two.

RTU answers bear no number: a late answer looks like the answer to the next question. So after every failure, of the
port itself too, the line stays quiet until the late answer has come and can be thrown away. Answers to *different*
counts are told apart by minimalmodbus; a device slower than twice its declared time is outside what we can tell apart.
"""

from __future__ import annotations

import asyncio
import struct
import termios
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import minimalmodbus
import serial

from controller.config.bus_budget import ANSWER_CHARACTERS, CHARACTER_BITS, HOLE_MAX_RTU, QUESTION_CHARACTERS
from controller.config.types import Device
from controller.drivers.blocks import BIT_SPACES
from controller.drivers.errors import BadReplyError, LinkDownError, NoAnswerError, RefusedError
from controller.drivers.transport import FUNCTIONS, Question, Rules
from controller.plain_words import of_a_port

RTU_RULES = Rules(hole_max=HOLE_MAX_RTU, failures_to_pause=1, failures_to_drop=3, is_stream=False)

WRITE_TIMEOUT_S = 1.0
PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}

EXCEPTION_CODES = {"illegal function": 1, "illegal data address": 2, "illegal data value": 3}
UNNAMED_EXCEPTION = 4

# What a port says that has vanished. termios.error is neither an OSError nor one of pyserial's.
PORT_GONE = (serial.SerialException, termios.error, OSError)

T = TypeVar("T")


def answer_timeout_s(device: Device, question: Question) -> float:
    """Line time of question and answer plus the device's own time: an exception answer costs all of it."""
    characters = QUESTION_CHARACTERS + ANSWER_CHARACTERS + question.data_length
    return device.timeout_s + characters * CHARACTER_BITS / device.baudrate


class RtuWire:
    """One serial line with all its devices."""

    def __init__(self, device: Device, open_serial: Callable[..., Any] = serial.Serial) -> None:
        """Any one of the devices on it: they agree on its speed and its characters."""
        self._port = device.serial_port
        self._open_serial = open_serial
        self._speed = {
            "baudrate": device.baudrate,
            "parity": PARITIES[device.parity],
            "stopbits": device.stop_bits,
        }
        self._has_echo = device.has_echo
        self._thread: ThreadPoolExecutor | None = None
        self._serial: Any = None
        self._instruments: dict[int, Any] = {}
        self._owed_until_s = 0.0  # the answer to the question in which the port failed may come as long

    @property
    def is_open(self) -> bool:
        """The port stood when it was last used."""
        return self._serial is not None

    async def open(self, on_lost: Callable[[], None]) -> None:
        """Open the port, once no answer is owed; its loss shows when it is used, so `on_lost` is never called.

        Raises:
            LinkDownError: there is no such port, or somebody else has it.
        """
        del on_lost
        assert self._thread is None, "a line has one owner, who closes it first"
        await asyncio.sleep(max(0.0, self._owed_until_s - asyncio.get_running_loop().time()))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"rtu {self._port}")
        self._serial = await self._in_thread(self._open_port)

    def close(self) -> None:
        """Let go of the port as soon as the question on the line has had its time; does not wait for it."""
        if self._thread is None:
            return
        if self._serial is not None:
            self._thread.submit(_close_port, self._serial)
        self._thread.shutdown(wait=False)
        self._thread = self._serial = None
        self._instruments.clear()

    async def read(self, device: Device, question: Question) -> bytes:
        """The data bytes of the answer; as many as asked for, or an error."""
        function = FUNCTIONS[question.space]
        timeout_s = answer_timeout_s(device, question)
        if question.space in BIT_SPACES:
            bits = await self._ask(
                device, timeout_s, lambda it: it.read_bits(question.address, question.count, function)
            )
            packed: int = sum(bit << place for place, bit in enumerate(bits))
            return packed.to_bytes(question.data_length, "little")
        words = await self._ask(
            device, timeout_s, lambda it: it.read_registers(question.address, question.count, function)
        )
        return struct.pack(f">{question.count}H", *words)

    async def write_registers(self, device: Device, address: int, values: Sequence[int]) -> None:
        """Write holding registers."""
        timeout_s = answer_timeout_s(device, Question("holding", address, len(values)))
        await self._ask(device, timeout_s, lambda it: it.write_registers(address, list(values)))

    async def write_coil(self, device: Device, address: int, value: bool) -> None:
        """Write one coil."""
        timeout_s = answer_timeout_s(device, Question("coil", address, 1))
        await self._ask(device, timeout_s, lambda it: it.write_bit(address, int(value)))

    async def quiet(self, device: Device) -> None:
        """Leave the line alone for once more the time that the device may take."""
        await asyncio.sleep(device.timeout_s)

    async def _ask(self, device: Device, timeout_s: float, ask: Callable[[Any], Any]) -> Any:
        try:
            return await self._in_thread(lambda: self._transact(device.unit, timeout_s, ask))
        except LinkDownError:
            self._owed_until_s = asyncio.get_running_loop().time() + timeout_s + device.timeout_s
            raise

    async def _in_thread(self, work: Callable[[], T]) -> T:
        assert self._thread is not None, "the line is not open"
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open_port(self) -> Any:
        try:
            return self._open_serial(self._port, **self._speed, write_timeout=WRITE_TIMEOUT_S, exclusive=True)
        except (*PORT_GONE, ValueError) as error:
            raise LinkDownError(f"{self._port}: {of_a_port(error)}") from None

    def _transact(self, unit: int, timeout_s: float, ask: Callable[[Any], Any]) -> Any:
        """One transaction, in the line's thread."""
        try:
            instrument = self._instrument(unit)
            if instrument.serial.timeout != timeout_s:
                instrument.serial.timeout = timeout_s
            return ask(instrument)
        except minimalmodbus.SlaveReportedException as error:
            raise RefusedError(_exception_code(error), f"unit {unit}") from None
        except minimalmodbus.NoResponseError:
            raise NoAnswerError(f"no answer within {timeout_s:.3f} s") from None
        except minimalmodbus.LocalEchoError:
            raise BadReplyError("the adapter's echo is not what was sent; is has_echo right?") from None
        except minimalmodbus.MasterReportedException:
            raise BadReplyError("a broken reply: its check sum, its length or its sender is wrong") from None
        except PORT_GONE as error:
            raise LinkDownError(f"{self._port}: {of_a_port(error)}") from None

    def _instrument(self, unit: int) -> Any:
        found = self._instruments.get(unit)
        if found is None:
            found = self._instruments[unit] = minimalmodbus.Instrument(self._serial, unit)
            found.handle_local_echo = self._has_echo
        return found


def _exception_code(error: minimalmodbus.SlaveReportedException) -> int:
    """Its number, which minimalmodbus keeps only as words."""
    words = str(error).lower()
    return next((code for name, code in EXCEPTION_CODES.items() if name in words), UNNAMED_EXCEPTION)


def _close_port(port: serial.Serial) -> None:
    try:
        port.close()
    except PORT_GONE:
        return  # it has gone before us
