"""Whether a device that was away has come back and knows nothing yet.

After a restart many devices answer before they have measured: every register reads zero for a second or two. Three
phases of 0 V that fall together look like a blackout then, and a hub would leave a good grid for them. So what a device
says after a silence is no news as long as all of it is zero. Whatever else it says ends that, at once: with a real
blackout behind it a relay still tells a position, a settings group or the word for "no frequency". What we write to it
ourselves is no sign: registers keep it, whatever is behind them.

A device that has nothing but zeros to say when the hub is dead, and was away in that same moment, is believed after
`EMPTY_S`: for so long a real blackout may wait there, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable

from controller.config.types import DeviceTable, Point
from controller.drivers.codec import decoder
from controller.drivers.link import Said

EMPTY_S = 5.0  # from judgement: longer than relays and meters take to their first measurement, short for a dark village


class Emptiness:
    """That of one device. Its link tells when it was away and what it says."""

    def __init__(self, table: DeviceTable) -> None:
        ours = {point.where for point in table.points.values() if point.writable}
        self.is_asked_for = True  # it was away, and has said nothing since that an empty device does not say
        self.is_empty = False  # and something that an empty one says
        self._zeros = {point.id: said_of_zero(point) for point in table.points.values() if point.where not in ours}

    def away(self) -> None:
        """It did not answer."""
        self.is_asked_for = True

    def hears(self, points: Iterable[str], values: Iterable[Said]) -> None:
        """One more answer; wanted while it is asked for."""
        zeros = self._zeros
        blanks = [value == zeros[point] for point, value in zip(points, values, strict=True) if point in zeros]
        if blanks:
            self.is_asked_for = self.is_empty = all(blanks)


def said_of_zero(point: Point) -> Said:
    """What a register says that is zero; of a text, that it is empty."""
    return "" if point.type == "string" else decoder(point)(0)
