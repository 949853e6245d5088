"""A few thousand transactions with a third of the answers spoilt. 100 000 of them: `python -m hil_tests.fuzz.links`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.drivers import modbus_tcp
from controller.drivers.modbus_rtu import RtuWire
from controller.drivers.outbox import Outbox
from hil_tests.fuzz import links
from hil_tests.fuzz.links import Found, fuzz_rtu, fuzz_tcp
from hil_tests.fuzz.spoiling import RTU_WAYS, TCP_WAYS

Fuzz = Callable[[int, int], Found]


@pytest.mark.parametrize(("fuzz", "ways", "count"), [(fuzz_tcp, TCP_WAYS, 6000), (fuzz_rtu, RTU_WAYS, 1500)])
def test_no_wrong_value_and_no_blind_write(fuzz: Fuzz, ways: dict[str, object], count: int) -> None:
    found = fuzz(11, count)
    assert found.wrong == ()
    assert found.blind_writes_count == 0
    assert set(found.used) == set(ways), "every way was tried"
    assert found.kept_count > count / 2, "and most of the time there were values"


def test_the_same_seed_finds_the_same() -> None:
    assert fuzz_tcp(5, 500) == fuzz_tcp(5, 500)


async def _no_quiet(*_: object) -> None:
    return None


def _looks_like_one(connection: modbus_tcp._Connection, data: bytes) -> bool:
    return (
        len(data) >= modbus_tcp.HEADER.size and data[7] in modbus_tcp.REPLIES and not connection.response_future.done()
    )


@pytest.mark.parametrize(
    ("fuzz", "owner", "name", "lesser"),
    [
        pytest.param(fuzz_tcp, modbus_tcp, "_is_ours", lambda *_: True, id="any transaction will do"),
        pytest.param(
            fuzz_tcp, modbus_tcp._Connection, "_is_the_answer", _looks_like_one, id="any whole answer is the one"
        ),
        pytest.param(fuzz_rtu, RtuWire, "quiet", _no_quiet, id="no quiet time on a serial line"),
    ],
)
def test_a_lesser_driver_is_found_out(
    monkeypatch: pytest.MonkeyPatch, fuzz: Fuzz, owner: object, name: str, lesser: object
) -> None:
    monkeypatch.setattr(owner, name, lesser)
    assert fuzz(3, 3000).wrong


@pytest.mark.parametrize("fuzz", [fuzz_tcp, fuzz_rtu])
def test_a_driver_that_repeats_writes_blindly_is_found_out(monkeypatch: pytest.MonkeyPatch, fuzz: Fuzz) -> None:
    monkeypatch.setattr(Outbox, "must_check_first", lambda *_: False)
    assert fuzz(3, 3000).blind_writes_count


def test_the_command_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert links.main(["--transactions", "500"]) == 0
    assert "0 wrong values, 0 writes repeated blindly" in capsys.readouterr().out
