"""Answers that are still owed on a stream: their question timed out, and they may come in the midst of another.

A device or gateway that leaves off in the midst of an answer and goes on with a late one fills the first one up with
the second: number, unit, function and length are right, and the values are the other's. So every answer is searched for
the head of each that is owed. Whether it came in pieces tells nothing: gateways send head and data apart, and TCP puts
together what was torn.
"""

from __future__ import annotations

import re
import struct
from collections import deque
from dataclasses import dataclass

OWED_MAX = 8  # units of a gateway that are silent at the same time; the oldest is forgotten first


@dataclass(frozen=True, slots=True)
class _Owed:
    head: re.Pattern[bytes]
    until_s: float


class LateAnswers:
    """Those of one connection."""

    def __init__(self) -> None:
        self._owed: deque[_Owed] = deque(maxlen=OWED_MAX)

    def owe(self, transaction_id: int, unit: int, until_s: float) -> None:
        """A question timed out; its answer is not expected after `until_s`."""
        self._owed.append(_Owed(_head(transaction_id, unit), until_s))

    @property
    def are_owed(self) -> bool:
        """Any of them may still come."""
        return bool(self._owed)

    def is_one_within(self, data: bytes, now_s: float) -> bool:
        """Another answer begins in the midst of this data, or its head is cut off by the end."""
        while self._owed and self._owed[0].until_s < now_s:
            self._owed.popleft()
        return any(owed.head.search(data) for owed in self._owed)


def _head(transaction_id: int, unit: int) -> re.Pattern[bytes]:
    """Transaction, protocol 0, a length and the unit (Modbus Messaging on TCP/IP V1.0b, 3.1.3). Fewer bytes of it than
    four leave the others behind the answer, which is seen there.
    """
    begin = re.escape(struct.pack(">HH", transaction_id, 0))
    return re.compile(begin + rb"(?:.{0,2}\Z|.." + re.escape(bytes((unit,))) + rb")", re.DOTALL)
