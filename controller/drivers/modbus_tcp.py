"""Modbus TCP and Modbus/TCP Security (TLS), on pymodbus' framing, checked strictly.

pymodbus' own client takes an answer with transaction 0, with another function code, or with fewer registers than asked
for as success; it repeats writes, lets a caller wait for its whole time-out after the connection has gone, throws two
answers in one segment away, leaks a socket when asked to connect twice, and its TLS framing takes a record for an
answer. So its connection, framing and decoding are used, and its client is not: a new connection has one owner, every
question has one deadline, no retries, and an answer that is compared with it; a broken connection fails the question
at once and says why. An answer that comes whole, alone and as it must be, as nearly all do, is taken as it is: all that
framing would find out is known of it already.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.transaction import TransactionManager
from pymodbus.transport import CommParams, CommType

from controller.config.bus_budget import HOLE_MAX_TCP
from controller.config.tls import context_of
from controller.config.types import Device
from controller.drivers.alarm import Alarm
from controller.drivers.errors import BadReplyError, LinkDownError, NoAnswerError, RefusedError
from controller.drivers.late_answers import LateAnswers
from controller.drivers.reset import end_with_us, reset, say_goodbye
from controller.drivers.transport import FUNCTIONS, Question, Rules
from controller.plain_words import in_words

TCP_RULES = Rules(hole_max=HOLE_MAX_TCP, failures_to_pause=3, failures_to_drop=3, is_stream=True)
CONNECT_MAX_S = 1.0  # the TLS handshake included
BUFFER_MAX = 4096  # several whole answers; more that is none is noise
HEADER_LENGTH = 6  # transaction, protocol, length of the rest (Modbus Messaging on TCP/IP V1.0b, 3.1.3)
HEADER = struct.Struct(">HHHBB")  # these, unit and function

UNPROVEN = " before its first answer: does it accept our certificate?"  # with TLS 1.3 it says so only then, if at all

COIL_ON = 0xFF00  # Modbus Application Protocol V1.1b3, 6.5
WRITE_COIL = 5
WRITE_REGISTERS = 16

# It keeps a history of all frames and prints it at the first error; what matters we log ourselves.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class _Reply(ModbusPDU):
    """An answer as it came: pymodbus would turn each register into a Python integer, and our blocks unpack bytes."""

    payload: bytes = b""

    def __init__(self) -> None:  # the base class sets eleven fields that nobody reads
        pass

    def __str__(self) -> str:  # which pymodbus asks for, logging or not
        return "reply"

    def decode(self, data: bytes) -> None:
        self.payload = bytes(data)


REPLIES: Mapping[int, type[_Reply]] = {
    function: type(f"_Reply{function}", (_Reply,), {"function_code": function})
    for function in (*FUNCTIONS.values(), WRITE_COIL, WRITE_REGISTERS)
}


class _Connection(TransactionManager):
    """One connection. It is a stream: where an answer may have been put together of two, it is none."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        decoder = DecodePDU(is_server=False)
        for reply in REPLIES.values():
            decoder.register(reply)
        params = CommParams(comm_type=CommType.TCP, reconnect_delay=0)
        super().__init__(
            params,
            FramerSocket(decoder),
            retries=0,
            is_server=False,
            trace_packet=None,
            trace_pdu=None,
            trace_connect=None,
        )
        self.response_future.cancel()  # the first one is nobody's; an exception set on it would never be seen
        self._on_lost = on_lost
        self.has_answered = False
        self.owes_an_answer = False  # to the last question, which may not have arrived yet
        self._late = LateAnswers()
        self._awaited = b"", b""  # what the head of the answer is to be, on both sides of its length
        self._alarm = Alarm(lambda: self._fail(TimeoutError()))

    def data_received(self, data: bytes) -> None:
        """Bytes have come. pymodbus would keep a record of them, and forget two answers that come together."""
        if self._is_the_answer(data):
            reply = REPLIES[data[7]]()
            reply.transaction_id, reply.dev_id = self.request_transaction_id, data[6]
            reply.payload = bytes(data[HEADER.size :])
            self.response_future.set_result(reply)
            return
        heard = self.recv_buffer + data
        self.recv_buffer = heard[self.callback_data(heard) :][:BUFFER_MAX]

    def callback_disconnected(self, exc: Exception | None) -> None:
        """It is gone: whoever waits learns it now, and with TLS the reason that the other side gave."""
        self._fail(LinkDownError(f"connection lost: {in_words(exc)}" if exc is not None else "connection lost"))
        self._on_lost()

    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:
        """All that has come and was not an answer yet. What cannot be one to anything is a bad one to our question."""
        try:
            return int(super().callback_data(data, addr))
        except ModbusException as error:
            self._fail(BadReplyError(f"a frame that is none: {in_words(error)}"))
            return len(data)

    def let_go(self) -> None:
        """Close it, and watch over its questions no more."""
        self._alarm.cancel()
        self.close()

    def _is_the_answer(self, data: bytes) -> bool:
        """One whole answer, to this very question, and nothing beside it: nearly all are. The others are pymodbus'."""
        return (
            (data[:4], data[6:8]) == self._awaited
            and int.from_bytes(data[4:HEADER_LENGTH], "big") == len(data) - HEADER_LENGTH
            and not self.recv_buffer
            and not self.response_future.done()
        )

    def _fail(self, error: Exception) -> None:
        if not self.response_future.done():
            self.response_future.set_exception(error)

    async def ask(self, unit: int, function: int, body: bytes, timeout_s: float) -> ModbusPDU:
        """Send a question and wait. Raises TimeoutError, LinkDownError, BadReplyError."""
        if self.recv_buffer and _ends_in_the_midst_of_a_frame(self.recv_buffer):
            raise LinkDownError("half an answer came behind the last one")
        loop = asyncio.get_running_loop()
        waiting = self.response_future = loop.create_future()
        number = self.getNextTID()
        self.recv_buffer = b""
        self.request_dev_id, self.request_transaction_id = unit, number
        head = HEADER.pack(number, 0, len(body) + 2, unit, function)
        self._awaited = head[:4], head[6:]
        self._alarm.set(loop, timeout_s)
        try:
            cast("asyncio.Transport", self.transport).write(head + body)  # uvloop's are none by name
            reply: ModbusPDU = await waiting
        except TimeoutError:
            self.owes_an_answer = True
            self._late.owe(number, unit, loop.time() + timeout_s)
            raise
        except asyncio.CancelledError:
            self.owes_an_answer = False  # we end: our last orders are to arrive
            raise
        self.has_answered, self.owes_an_answer = True, False
        if self._late.are_owed and self._late.is_one_within(_pdu(reply), loop.time()):
            raise BadReplyError("an answer with an older one in its midst")
        if self.recv_buffer and _ends_in_the_midst_of_a_frame(self.recv_buffer):
            raise BadReplyError("an answer with half of another behind it")
        if not _is_ours(reply, number, unit):
            raise BadReplyError(f"an answer to transaction {reply.transaction_id} of unit {reply.dev_id}")
        return reply


class TcpWire:
    """One connection to one host and port; several units may live behind it."""

    def __init__(self, device: Device) -> None:
        """Any one of the devices behind it: they agree on how it is reached."""
        self._host = device.host
        self._port = device.port
        self._tls = context_of(device.tls)
        self._server_name = device.tls.server_name or device.host if device.tls is not None else None
        self._is_single_client = device.table.is_single_client
        self._connection: _Connection | None = None

    @property
    def is_open(self) -> bool:
        """The connection stands, as far as anybody knows."""
        return self._connection is not None and self._connection.is_active()

    async def open(self, on_lost: Callable[[], None]) -> None:
        """Connect anew.

        Raises:
            LinkDownError: nobody listens, or not within a second, or one of the two does not trust the other.
        """
        assert self._connection is None, "a connection has one owner, who closes it first"
        connection = self._connection = _Connection(on_lost)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_MAX_S):
                await loop.create_connection(
                    connection.handle_new_connection,
                    self._host,
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._server_name,
                )
        except TimeoutError:
            raise self._down(f"no connection within {CONNECT_MAX_S:g} s") from None
        except OSError as error:
            raise self._down(in_words(error)) from None
        if connection.transport is not None:  # else it has ended already
            end_with_us(connection.transport)

    def close(self) -> None:
        """Close the connection; the next `open` starts from nothing."""
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        transport = cast("asyncio.Transport | None", connection.transport)
        connection.let_go()
        if transport is None:
            return
        # its only place would be taken until it notices that we are gone; an order would arrive when nobody wants it
        if self._is_single_client or connection.owes_an_answer:
            reset(transport)
        else:
            say_goodbye(transport)
            transport.abort()  # a TLS goodbye to a device that has gone would be waited for

    async def read(self, device: Device, question: Question) -> bytes:
        """The data bytes of the answer; as many as asked for, or an error."""
        space, address, count = question
        payload = await self._answer(device, FUNCTIONS[space], struct.pack(">HH", address, count))
        length = question.data_length
        if len(payload) != length + 1 or payload[0] != length:
            raise BadReplyError(f"{len(payload) - 1} bytes of data, {length} expected")
        return payload[1:]

    async def write_registers(self, device: Device, address: int, values: Sequence[int]) -> None:
        """Write holding registers; the device echoes address and count."""
        head = struct.pack(">HH", address, len(values))
        body = head + struct.pack(f">B{len(values)}H", 2 * len(values), *values)
        if await self._answer(device, WRITE_REGISTERS, body) != head:
            raise BadReplyError(f"the echo of a write to {address} is another one's")

    async def write_coil(self, device: Device, address: int, value: bool) -> None:
        """Write one coil; the device echoes address and value."""
        body = struct.pack(">HH", address, COIL_ON if value else 0)
        if await self._answer(device, WRITE_COIL, body) != body:
            raise BadReplyError(f"the echo of a write to coil {address} is another one's")

    async def quiet(self, device: Device) -> None:
        """Nothing to wait for: a late answer bears its transaction's number."""

    async def _answer(self, device: Device, function: int, body: bytes) -> bytes:
        connection = self._connection
        if connection is None or not connection.is_active():
            raise self._down("connection lost")
        try:
            reply = await connection.ask(device.unit, function, body, device.timeout_s)
        except TimeoutError:
            if connection.recv_buffer:  # the rest of an answer that has begun would be read as the head of the next
                raise self._down("half an answer") from None
            raise NoAnswerError(f"no answer within {device.timeout_s} s") from None
        except LinkDownError as error:
            hint = "" if self._tls is None or connection.has_answered else UNPROVEN
            raise self._down(f"{error}{hint}") from None
        if reply.function_code == function | 0x80:
            raise RefusedError(reply.exception_code, f"function {function}")
        if not isinstance(reply, _Reply) or reply.function_code != function:
            raise BadReplyError(f"an answer to function {reply.function_code}, {function} was asked")
        return reply.payload

    def _down(self, why: str) -> LinkDownError:
        return LinkDownError(f"{self._host}:{self._port}: {why}")


def _pdu(reply: ModbusPDU) -> bytes:
    """Function and data; of an exception, which is too short to hide anything, the function alone."""
    return bytes((reply.function_code,)) + (reply.payload if isinstance(reply, _Reply) else b"")


def _is_ours(reply: ModbusPDU, number: int, unit: int) -> bool:
    """Pymodbus takes transaction 0 for any."""
    return bool(reply.transaction_id == number and reply.dev_id == unit)


def _ends_in_the_midst_of_a_frame(data: bytes) -> bool:
    """Whole frames left over are answers to older questions; what a torn one's rest would be read as nobody knows."""
    while data:
        end = HEADER_LENGTH + int.from_bytes(data[4:HEADER_LENGTH], "big")
        if len(data) < HEADER_LENGTH or len(data) < end:
            return True
        data = data[end:]
    return False
