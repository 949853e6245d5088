"""Modbus TCP through pymodbus, checked strictly.

pymodbus takes an answer with transaction 0, with another function code, or with fewer registers than asked for as
success; it lets a caller wait for its whole time-out after the connection has gone, throws two answers in one segment
away, and leaks a socket when asked to connect twice. So: a new client for every connection, one owner, no retries
inside, every answer compared with its question, and a broken connection fails the question at once.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from controller.config.types import Device
from controller.drivers.blocks import BIT_SPACES, HOLE_MAX_TCP
from controller.drivers.errors import BadReplyError, LinkDownError, NoAnswerError, RefusedError
from controller.drivers.transport import Question, Rules

TCP_RULES = Rules(hole_max=HOLE_MAX_TCP, failures_to_pause=3, failures_to_drop=3, is_stream=True)
CONNECT_MAX_S = 1.0
BUFFER_MAX = 4096  # several whole answers; pymodbus' own limit of 264 bytes loses two that come together

COIL_ON = 0xFF00  # Modbus Application Protocol V1.1b3, 6.5
FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
ASK = {
    "coil": AsyncModbusTcpClient.read_coils,
    "discrete": AsyncModbusTcpClient.read_discrete_inputs,
    "holding": AsyncModbusTcpClient.read_holding_registers,
    "input": AsyncModbusTcpClient.read_input_registers,
}
WRITE_COIL = 5
WRITE_REGISTERS = 16

# It keeps a history of all frames and prints it at the first error; what matters we log ourselves.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class _Reply(ModbusPDU):
    """An answer as it came: pymodbus would turn each register into a Python integer, and our blocks unpack bytes."""

    payload: bytes = b""

    def decode(self, data: bytes) -> None:
        self.payload = bytes(data)


class _Coils(_Reply):
    function_code = 1


class _Discretes(_Reply):
    function_code = 2


class _Holdings(_Reply):
    function_code = 3


class _Inputs(_Reply):
    function_code = 4


class _CoilWritten(_Reply):
    function_code = WRITE_COIL


class _RegistersWritten(_Reply):
    function_code = WRITE_REGISTERS


class TcpWire:
    """One connection to one host and port; several units may live behind it."""

    REPLIES: ClassVar[tuple[type[_Reply], ...]] = (
        _Coils,
        _Discretes,
        _Holdings,
        _Inputs,
        _CoilWritten,
        _RegistersWritten,
    )

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._client: AsyncModbusTcpClient | None = None

    @property
    def is_open(self) -> bool:
        """The connection stands, as far as anybody knows."""
        return self._client is not None and self._client.connected

    async def open(self, on_lost: Callable[[], None]) -> None:
        """Connect with a new client.

        Raises:
            LinkDownError: nobody listens, or not within a second.
        """
        assert self._client is None, "a connection has one owner, who closes it first"
        client = self._client = self._new_client(on_lost)
        try:
            connected = await client.connect()
        except (OSError, ModbusException) as error:
            raise LinkDownError(f"{self._host}:{self._port}: {error}") from None
        if not connected:
            raise LinkDownError(f"{self._host}:{self._port}: cannot connect")

    def _new_client(self, on_lost: Callable[[], None]) -> AsyncModbusTcpClient:
        def connection_changed(is_connected: bool) -> None:
            if not is_connected:
                waiting = client.ctx.response_future
                if not waiting.done():
                    waiting.set_exception(ConnectionException("connection lost"))
                on_lost()

        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            timeout=CONNECT_MAX_S,
            retries=0,
            reconnect_delay=0,
            trace_connect=connection_changed,
        )
        client.ctx.max_buffer_size = BUFFER_MAX
        client.ctx.response_future.cancel()  # the first one is nobody's; an exception set on it would never be seen
        for reply in self.REPLIES:
            client.register(reply)
        return client

    def close(self) -> None:
        """Close the connection; the next `open` starts from nothing."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def read(self, device: Device, question: Question) -> bytes:
        """The data bytes of the answer; as many as asked for, or an error."""
        client = self._standing()
        ask, count = ASK[question.space], question.count
        payload = await self._answer(
            device,
            FUNCTIONS[question.space],
            lambda: ask(client, question.address, count=count, device_id=device.unit),
        )
        length = (count + 7) // 8 if question.space in BIT_SPACES else 2 * count
        if len(payload) != length + 1 or payload[0] != length:
            raise BadReplyError(f"{len(payload) - 1} bytes of data, {length} expected")
        return payload[1:]

    async def write_registers(self, device: Device, address: int, values: Sequence[int]) -> None:
        """Write holding registers; the device echoes address and count."""
        client = self._standing()
        payload = await self._answer(
            device, WRITE_REGISTERS, lambda: client.write_registers(address, list(values), device_id=device.unit)
        )
        if payload != struct.pack(">HH", address, len(values)):
            raise BadReplyError(f"the echo of a write to {address} is another one's")

    async def write_coil(self, device: Device, address: int, value: bool) -> None:
        """Write one coil; the device echoes address and value."""
        client = self._standing()
        payload = await self._answer(
            device, WRITE_COIL, lambda: client.write_coil(address, value, device_id=device.unit)
        )
        if payload != struct.pack(">HH", address, COIL_ON if value else 0):
            raise BadReplyError(f"the echo of a write to coil {address} is another one's")

    async def quiet(self, device: Device) -> None:
        """Nothing to wait for: a late answer bears its transaction's number."""

    def _standing(self) -> AsyncModbusTcpClient:
        if self._client is None or not self._client.connected:
            raise LinkDownError(f"{self._host}:{self._port}: connection lost")
        return self._client

    async def _answer(self, device: Device, function: int, ask: Callable[[], Awaitable[ModbusPDU]]) -> bytes:
        client = self._standing()
        try:
            async with asyncio.timeout(device.timeout_s):
                reply = await ask()
        except TimeoutError:
            self._drop_half_an_answer(client)
            raise NoAnswerError(f"no answer within {device.timeout_s} s") from None
        except ConnectionException:
            raise LinkDownError(f"{self._host}:{self._port}: connection lost") from None
        except ModbusException as error:
            raise BadReplyError(str(error)) from None
        if reply.transaction_id != client.ctx.request_transaction_id or reply.dev_id != device.unit:
            raise BadReplyError(f"an answer to transaction {reply.transaction_id} of unit {reply.dev_id}")
        if reply.function_code == function | 0x80:
            raise RefusedError(reply.exception_code, f"function {function}")
        if not isinstance(reply, _Reply) or reply.function_code != function:
            raise BadReplyError(f"an answer to function {reply.function_code}, {function} was asked")
        return reply.payload

    def _drop_half_an_answer(self, client: AsyncModbusTcpClient) -> None:
        """The rest of an answer that has begun would be read as the head of the next."""
        if client.ctx.recv_buffer:
            raise LinkDownError(f"{self._host}:{self._port}: half an answer")
