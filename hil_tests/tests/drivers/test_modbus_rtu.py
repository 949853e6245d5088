"""A serial line with slaves that are late, absent, or wrong, and an adapter that is pulled out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from serial import Serial, SerialException

from controller.config.types import Protocol
from controller.drivers.backoff import Patience
from controller.drivers.board import Board
from controller.drivers.connect import Owner
from controller.drivers.errors import LinkDownError
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_rtu import RTU_RULES, RtuWire, answer_timeout_s
from controller.drivers.transport import Question
from hil_tests.tests.drivers.devices import board, device, held, now_s, point, running, surroundings, until
from hil_tests.tests.drivers.scripted_rtu import Adapter, Asked, Script, ScriptedLine, framed

POINTS = [point("power_w", 0, "int16", scale=10), point("closed", 4, "bool", "rw"), point("level", 40)]
BAUD = 115200
TIMEOUT_S = 0.2
LATE_S = 0.25  # within the quiet time behind the time-out, in which nobody asks
SLOW_S = 0.1  # who asks all the same is answered later than that


def slave(unit: int, **more: Any) -> Board:
    more = {"timeout_s": 0.05, "normal_s": 0.05, **more}
    return board(POINTS, Protocol.MODBUS_RTU, name=f"slave {unit}", unit=unit, baudrate=BAUD, **more)


def owner_of(line: ScriptedLine, *boards: Board, patience: Patience | None = None) -> Owner:
    port = replace(boards[0].device, serial_port=str(line.name))
    return ModbusBus(boards, RtuWire(port), RTU_RULES, surroundings(patience))


@contextmanager
def scripted(tmp_path: Path, units: tuple[int, ...] = (1,), script: Script | None = None) -> Iterator[ScriptedLine]:
    line = ScriptedLine(tmp_path / "line", units=frozenset(units), script=script)
    line.registers |= {(unit, 0): 100 * unit for unit in units} | {(unit, 40): 7 * unit for unit in units}
    line.start()
    try:
        yield line
    finally:
        line.stop()


async def test_two_slaves_share_a_line(tmp_path: Path) -> None:
    with scripted(tmp_path, units=(1, 2)) as line:
        one, two = slave(1), slave(2)
        async with running(owner_of(line, one, two)):
            await until(lambda: one.reading("level") and two.reading("level"))
            assert held(one, "power_w").value == 1000
            assert held(two, "power_w").value == 2000
            assert held(two, "level").value == 14


async def test_a_write_is_read_back(tmp_path: Path) -> None:
    with scripted(tmp_path) as line:
        one = slave(1)
        async with running(owner_of(line, one)):
            await until(lambda: one.is_up)
            one.write("closed", True)
            await until(lambda: line.registers.get((1, 4)) == 1)
            await until(lambda: held(one, "closed").value is True)
            assert sum(asked.function == 16 for asked in line.asked) == 1


async def test_between_an_answer_and_the_next_question_the_line_rests(tmp_path: Path) -> None:
    """The silence that ends a frame: 3.5 characters of 11 bits (Modbus over Serial Line V1.02, 2.5.1.1).

    A pseudo terminal has no speed: what is kept here is kept by us.
    """
    baud, gaps_s = 9600, []
    answered_s = 0.0

    def timed(asked: Asked) -> bytes:
        nonlocal answered_s
        gaps_s.append(now_s() - answered_s)
        answer = line.answer(asked)
        answered_s = now_s()
        return answer

    with scripted(tmp_path, units=(1, 2), script=timed) as line:
        slaves = [
            board(POINTS, Protocol.MODBUS_RTU, name=f"slave {unit}", unit=unit, baudrate=baud, normal_s=0.01)
            for unit in (1, 2)
        ]
        async with running(owner_of(line, *slaves)):
            await until(lambda: len(gaps_s) > 40)
    assert min(gaps_s[1:]) >= 3.5 * 11 / baud


async def test_a_late_answer_is_never_taken_for_the_next(tmp_path: Path) -> None:
    """Every fifth answer comes after its time: with a lesser driver the values of two blocks change places.

    They are of the same length, and nothing else tells them apart.
    """
    count = 0

    def late(asked: Asked) -> bytes | None:
        nonlocal count
        count += 1
        if count % 5 > 1:
            return None
        line.later(SLOW_S if count % 5 else LATE_S, line.answer(asked))
        return b""

    points = [point("power_w", 0, "int16", scale=10), point("level", 40)]
    with scripted(tmp_path, script=late) as line:
        one = board(points, Protocol.MODBUS_RTU, unit=1, baudrate=BAUD, timeout_s=TIMEOUT_S, normal_s=0.02)
        wrong: list[object] = []
        async with running(owner_of(line, one, patience=Patience(jitter=lambda: 0.0))):
            await until(lambda: collect(one, wrong) and count >= 22)
        assert wrong == []


def collect(one: Board, wrong: list[object]) -> bool:
    for name, right in (("power_w", 1000), ("level", 7)):
        reading = one.reading(name)
        if reading is not None and reading.value != right:
            wrong.append((name, reading.value))
    return True


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(lambda line, asked: framed(9, line.answer(asked)[1:-2]), id="another unit"),
        pytest.param(lambda line, asked: framed(1, b"\x04" + line.answer(asked)[2:-2]), id="another function"),
        pytest.param(lambda line, asked: line.answer(asked)[:-1], id="a byte short"),
        pytest.param(lambda line, asked: line.answer(asked)[:-2] + b"\0\0", id="wrong check sum"),
        pytest.param(lambda line, asked: b"\xff" * 5 + line.answer(asked), id="noise before"),
        pytest.param(lambda line, asked: line.answer(asked)[:4] + line.answer(asked)[5:], id="a byte lost (parity)"),
        pytest.param(lambda line, asked: asked.raw + line.answer(asked), id="an echo that nobody spoke of"),
        pytest.param(lambda _line, asked: asked.raw, id="nothing but the echo"),
        pytest.param(lambda _line, _asked: b"\xff" * 200, id="noise and nothing else"),
        pytest.param(lambda _line, _asked: framed(1, b"\x83\x05"), id="exception 5"),
        pytest.param(lambda _line, _asked: framed(1, b"\x83\x06"), id="busy"),
    ],
)
async def test_no_lie_is_ever_a_value(tmp_path: Path, lie: Callable[[ScriptedLine, Asked], bytes]) -> None:
    told: list[Asked] = []

    def script(asked: Asked) -> bytes | None:
        if len(told) >= 3:
            return None
        told.append(asked)
        return lie(line, asked)

    with scripted(tmp_path, script=script) as line:
        one = slave(1)
        wrong: list[object] = []
        async with running(owner_of(line, one)):
            await until(lambda: collect(one, wrong) and one.reading("power_w") and one.reading("level"))
        assert wrong == []


async def test_an_adapter_that_hears_itself_is_understood_when_the_site_file_says_so(tmp_path: Path) -> None:
    with scripted(tmp_path, script=lambda asked: asked.raw + line.answer(asked)) as line:
        one = slave(1, has_echo=True)
        async with running(owner_of(line, one)):
            await until(lambda: one.reading("power_w") and one.reading("level"))
            one.write("closed", True)
            await until(lambda: line.registers.get((1, 4)) == 1)
            assert held(one, "power_w").value == 1000


@pytest.mark.parametrize(("parity", "letter"), [("none", "N"), ("even", "E"), ("odd", "O")])
async def test_the_port_is_opened_with_its_speed_and_characters(parity: str, letter: str) -> None:
    opened: dict[str, object] = {}

    def open_serial(name: str, **more: object) -> object:
        opened.update(more, name=name)
        raise SerialException("only looking")

    port = slave(1, serial_port="/dev/ttyTEST", parity=parity, stop_bits=2).device
    with pytest.raises(LinkDownError, match="only looking"):
        await RtuWire(port, open_serial).open(lambda: None)
    assert opened["name"] == "/dev/ttyTEST"
    assert (opened["baudrate"], opened["parity"], opened["stopbits"]) == (BAUD, letter, 2)


async def test_one_dead_slave_does_not_eat_the_line(tmp_path: Path) -> None:
    with scripted(tmp_path, units=(1,)) as line:
        alive, dead = slave(1), slave(2)
        async with running(owner_of(line, alive, dead, patience=Patience(jitter=lambda: 1.0))):
            await until(lambda: dead.failures >= 5)
            dead_share = sum(asked.unit == 2 for asked in line.asked) / len(line.asked)
            assert dead_share < 0.25
            assert alive.is_up
            assert now_s() - held(alive, "power_w").at_s < 0.5
        assert not dead.is_up


async def test_the_adapter_is_pulled_out_and_put_back(tmp_path: Path) -> None:
    one = slave(1)
    with scripted(tmp_path) as line:
        owner = owner_of(line, one)
        async with running(owner):
            await until(lambda: one.is_up)
            line.stop()
            await until(lambda: not one.is_up, "the loss is seen")
            line.start()
            await until(lambda: one.is_up, "the port is opened again")


async def test_a_port_that_fails_and_is_opened_again_takes_no_late_answer_for_the_next(tmp_path: Path) -> None:
    """The answer was still on its way, and became the value of another block of the same length."""
    count, adapter = 0, Adapter()

    def slow(asked: Asked) -> bytes:
        nonlocal count
        count += 1
        adapter.fails_next = count % 4 == 0
        line.later(0.75 * TIMEOUT_S, line.answer(asked))
        return b""

    points = [point("power_w", 0, "int16", scale=10), point("level", 40)]
    with scripted(tmp_path, script=slow) as line:
        one = board(points, Protocol.MODBUS_RTU, unit=1, baudrate=BAUD, timeout_s=TIMEOUT_S, normal_s=0.02)
        wire = RtuWire(replace(one.device, serial_port=str(line.name)), adapter.open)
        wrong: list[object] = []
        async with running(ModbusBus([one], wire, RTU_RULES, surroundings(Patience(jitter=lambda: 0.0)))):
            await until(lambda: collect(one, wrong) and count >= 14)
        assert wrong == []


async def test_there_is_no_port_at_all(tmp_path: Path) -> None:
    one = slave(1)
    line = ScriptedLine(tmp_path / "line")
    async with running(owner_of(line, one)):
        line.registers |= {(1, 0): 100}
        line.start()
        try:
            await until(lambda: one.is_up)
        finally:
            line.stop()


async def test_cancelled_in_mid_transaction_nothing_hangs(tmp_path: Path) -> None:
    with scripted(tmp_path, script=lambda _asked: b"") as line:
        one = slave(1, timeout_s=2.0)
        async with running(owner_of(line, one)):
            await until(lambda: line.asked)
        assert not one.is_up


def test_the_time_for_an_answer_is_line_time_and_the_devices_own() -> None:
    slow = device(POINTS, Protocol.MODBUS_RTU, baudrate=9600, timeout_s=0.1)
    assert answer_timeout_s(slow, Question("holding", 0, 100)) == pytest.approx(0.1 + 213 * 11 / 9600)


async def test_a_port_that_another_program_holds_is_said_plainly(tmp_path: Path) -> None:
    with scripted(tmp_path) as line, Serial(str(line.name), exclusive=True):
        wire = RtuWire(replace(slave(1).device, serial_port=str(line.name)))
        with pytest.raises(LinkDownError, match=rf"^{line.name}: another program uses it$"):
            await wire.open(lambda: None)
        wire.close()


async def test_a_port_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    port = str(tmp_path / "none")
    wire = RtuWire(replace(slave(1).device, serial_port=port))
    with pytest.raises(LinkDownError, match=rf"^{port}: it is not there$"):
        await wire.open(lambda: None)
    wire.close()
