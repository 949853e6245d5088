"""The catalogue's faults of links and of data: what a device says, and how that reaches us."""

from __future__ import annotations

from controller.config.types import Protocol
from hil_tests.bench.scenario import Tier
from hil_tests.faults.types import MODBUS, FaultClass, FaultType, Kind, Parameter, Unit

DEVICE = frozenset({Unit.DEVICE})
WIRED = frozenset({Tier.T1, Tier.T2})
REAL = frozenset({Tier.T2})
TCP = frozenset({Protocol.MODBUS_TCP})
RTU = frozenset({Protocol.MODBUS_RTU})
OPCUA = frozenset({Protocol.OPCUA})
EXCEPTIONS = ("1", "2", "3", "4", "6", "11")  # Modbus Application Protocol V1.1b3, 7
DRIFTS = ("address_plus_one", "scale_x10", "word_swap", "sign")
POINT = Parameter("point", Kind.POINT, "", "which point lies; empty: every point that this can happen to")


def _ratio(default: float, what: str) -> Parameter:
    return Parameter("ratio", Kind.NUMBER, default, what, 0.0, 1.0)


def _comms(id_: str, name: str, what: str, *more: Parameter, **rest: object) -> FaultType:
    return FaultType(id_, name, FaultClass.COMMS, what, DEVICE, parameters=more, **rest)  # type: ignore[arg-type]


def _data(id_: str, name: str, what: str, *more: Parameter) -> FaultType:
    return FaultType(id_, name, FaultClass.DATA, what, DEVICE, parameters=(POINT, *more))


COMMS = (
    _comms(
        "C1", "slow", "every frame takes longer, by a random share more each time",
        Parameter("delay_s", Kind.NUMBER, 0.2, "added to every frame", 0.0, 60.0),
        Parameter("jitter_s", Kind.NUMBER, 0.0, "up to this much more, at random", 0.0, 60.0),
        not_in_t2=OPCUA, note="not an OPC UA device in T2",
    ),
    _comms("C2", "drop", "frames are lost", _ratio(0.2, "of the frames"), not_in_t2=OPCUA,
           note="not an OPC UA device in T2"),
    _comms("C3", "duplicate", "replies come twice", _ratio(0.2, "of the replies"), tiers=WIRED, protocols=MODBUS),
    _comms(
        "C4", "late_reply", "replies come after the next request, out of their order",
        _ratio(0.2, "of the replies"),
        Parameter("delay_s", Kind.NUMBER, 0.5, "by which they are late", 0.0, 60.0),
        tiers=WIRED, protocols=MODBUS,
    ),
    _comms(
        "C5", "wrong_transaction", "replies bear another request's number",
        _ratio(0.2, "of the replies"), tiers=WIRED, protocols=TCP,
    ),
    _comms("C6", "truncate", "replies end too early", _ratio(0.2, "of the replies"), tiers=WIRED, protocols=MODBUS),
    _comms(
        "C7", "bit_flip", "one bit of a reply's data is another; on TCP no checksum of Modbus sees it",
        _ratio(0.2, "of the replies"), tiers=WIRED, protocols=MODBUS,
    ),
    _comms(
        "C8", "exception", "the device refuses what it is asked",
        Parameter("code", Kind.WORD, "4", "the exception code, decimal", choices=EXCEPTIONS),
        Parameter("what", Kind.WORD, "all", "what it refuses", choices=("all", "reads", "writes")),
        protocols=MODBUS,
    ),
    _comms("C9", "reset", "connections are reset in the middle of a reply", _ratio(0.2, "of the replies"),
           tiers=WIRED, protocols=TCP),
    _comms("C10", "silent", "half open: takes requests and never answers"),
    _comms("C11", "trickle", "replies come byte by byte",
           Parameter("byte_s", Kind.NUMBER, 1.0, "from one byte to the next", 0.001, 60.0), tiers=WIRED, protocols=TCP),
    _comms("C12", "connection_limit", "a further client is refused",
           Parameter("max", Kind.COUNT, 1, "how many are let in; 0: nobody new", 0, 64), tiers=WIRED, protocols=TCP),
    _comms(
        "C13", "empty_restart", "the device restarts, and its registers read zero for a while",
        Parameter("down_s", Kind.NUMBER, 2.0, "until it answers again", 0.0, 600.0),
        Parameter("empty_s", Kind.NUMBER, 2.0, "from then on until it knows its values", 0.0, 600.0),
        protocols=MODBUS,
    ),
    _comms(
        "C14", "map_drift", "another firmware: the register map is not the table's any more",
        Parameter("drift", Kind.WORD, "address_plus_one", "in what it differs", choices=DRIFTS),
        POINT, protocols=MODBUS,
    ),
    _comms(
        "C15", "line_noise", "noise on the serial line: broken characters, echoes, collisions",
        _ratio(0.2, "of the frames"),
        Parameter("noise", Kind.WORD, "garbage", "what is heard", choices=("garbage", "echo", "collision", "parity")),
        tiers=WIRED, protocols=RTU,
    ),
    _comms("C16", "unit_swap", "another device with the same table answers under this one's address",
           Parameter("with_device", Kind.DEVICE, None, "whose place it takes; they change places"), protocols=MODBUS),
    _comms(
        "C17", "bad_status", "nodes have a value and a status that is not good",
        Parameter("status", Kind.WORD, "BadNoCommunication", "of every node",
                  choices=("BadNoCommunication", "UncertainLastUsableValue")),
        tiers=REAL, protocols=OPCUA,
    ),
    _comms(
        "C18", "session_loss", "the OPC UA server loses its sessions, or goes on answering with what it last knew",
        Parameter("loses", Kind.WORD, "session", "what is lost", choices=("session", "subscription")),
        tiers=REAL, protocols=OPCUA,
    ),
    _comms("C19", "expired_certificate", "the server's certificate has run out", tiers=frozenset(), protocols=OPCUA,
           note="nowhere: the dates of pinned certificates keep nobody away, as a test of the driver shows"),
)  # fmt: skip

DATA = (
    _data("D1", "stuck", "the value stays as it was"),
    _data("D2", "no_number", "NaN where there is a float, else the usual mark for \"not available\""),
    _data(
        "D3", "miscalibrated", "wrong gain and offset",
        Parameter("gain_ratio", Kind.NUMBER, 1.0, "by which the value is multiplied", -100.0, 100.0),
        Parameter("offset", Kind.NUMBER, 0.0, "then added, in the point's own unit"),
    ),
    _data(
        "D4", "spikes", "single readings far from the truth, at random",
        _ratio(0.05, "of the readings"),
        Parameter("factor", Kind.NUMBER, 10.0, "by which such a reading is multiplied", -1000.0, 1000.0),
    ),
    _data(
        "D5", "counter_reset", "a count begins again, or wraps",
        Parameter("modulus", Kind.NUMBER, 0.0, "the count wraps here; 0: it begins again at nothing", 0.0),
    ),
    _data("D6", "stale", "fresh answers with old values",
          Parameter("age_s", Kind.NUMBER, 30.0, "how old they are", 0.0, 86400.0)),
    _data("D7", "soc_jump", "the BMS corrects its state of charge at one blow",
          Parameter("jump_pct", Kind.NUMBER, -30.0, "by so much", -100.0, 100.0)),
    _data("D8", "disagree", "one of two instruments for the same thing says something else",
          Parameter("by_ratio", Kind.NUMBER, 0.1, "more than the other", -10.0, 10.0)),
    _data("D9", "torn", "half of a 32-bit value is from before, half from now", _ratio(0.5, "of the readings")),
)  # fmt: skip
