"""Whether a device that was away has come back and knows nothing yet.

After a restart many devices answer before they have measured: every register reads zero for a second or two. Three
phases of 0 V that fall together look like a blackout then, and a hub would leave a good grid for them. So what a device
says after a silence is no news as long as all of it is zero. Whatever else it says ends that, at once: with a real
blackout behind it a relay still tells a position, a settings group or the word for "no frequency". What we write to it
ourselves is no sign: registers keep it, whatever is behind them.

Where nothing checks the wire, one flipped bit makes a word of nothing. So an answer that one bit separates from zeros
is no news either, until it has said the same three times in a row: no wire flips one bit three times. Of a device that
has never said anything any word is one: nothing is known that could be lost.

A device that has nothing but zeros to say when the hub is dead, and was away in that same moment, is believed after
`EMPTY_S`: for so long a real blackout may wait there, and nowhere else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

from controller.config.types import DeviceTable, Point, Protocol
from controller.drivers.codec import decoder, number_type
from controller.drivers.link import Said

WORDS_COUNT = 3  # the same word, so often in a row, is none of a flipped bit
EMPTY_S = 5.0  # from judgement: longer than relays and meters take to their first measurement, short for a dark village


class Emptiness:
    """That of one device. Its link tells when it was away and what it says."""

    def __init__(self, table: DeviceTable) -> None:
        ours = {point.where for point in table.points.values() if point.writable}
        theirs = [point for point in table.points.values() if point.where not in ours]
        is_checked = table.protocol is not Protocol.MODBUS_TCP  # by a checksum, or by a typed encoding
        self.is_asked_for = True  # it was away, and has said nothing since that an empty device does not say
        self.is_empty = False  # and something that an empty one says
        self._has_spoken = False
        self._zeros = {point.id: said_of_zero(point) for point in theirs}
        self._flipped = {point.id: () if is_checked else tuple(_said_of_one_bit(point)) for point in theirs}
        self._words: dict[str, tuple[Said, int]] = {}  # what may be a flipped bit, and how often in a row it came

    def away(self) -> None:
        """It did not answer."""
        self.is_asked_for = True
        self._words.clear()

    def hears(self, points: Iterable[str], values: Iterable[Said]) -> None:
        """One more answer; wanted while it is asked for."""
        zeros = self._zeros
        theirs = [(point, value) for point, value in zip(points, values, strict=True) if point in zeros]
        if theirs:
            self.is_asked_for = self.is_empty = self._is_nothing(theirs)
            self._has_spoken |= not self.is_empty

    def _is_nothing(self, theirs: Sequence[tuple[str, Said]]) -> bool:
        """Zeros, or what one flipped bit makes of them."""
        words = [(point, value) for point, value in theirs if value != self._zeros[point]]
        before = {point: self._words.pop(point, (None, 0)) for point, _ in theirs}
        if len(words) != 1 or not self._has_spoken:
            return not words
        ((point, value),) = words
        said, count = before[point]
        self._words[point] = value, (count + 1 if said == value else 1)
        return value in self._flipped[point] and self._words[point][1] < WORDS_COUNT


def said_of_zero(point: Point) -> Said:
    """What a register says that is zero; of a text, that it is empty."""
    return "" if point.type == "string" else decoder(point)(0)


def _said_of_one_bit(point: Point) -> Iterator[Said]:
    """What the register says when one of its bits is set."""
    if point.type == "string":
        return
    decode, kind = decoder(point), number_type(point)
    size = 2 * kind.register_count
    for bit in range(8 * size):
        yield decode(struct.unpack(f">{kind.letter}", (1 << bit).to_bytes(size, "big"))[0])
