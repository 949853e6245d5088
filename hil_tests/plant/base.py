"""Bases, small formulas and the random streams that all models share."""

from __future__ import annotations

import math
import random
import zlib

BASE_VA = 100_000.0
NOMINAL_HZ = 50.0
TWO_PI = 2.0 * math.pi


def wrap(angle_rad: float) -> float:
    """An angle in (-pi, pi]."""
    return math.atan2(math.sin(angle_rad), math.cos(angle_rad))


def forked(seed: int, label: str) -> random.Random:
    """A stream of its own per label: a draw more in one device shifts no other. Independent of PYTHONHASHSEED."""
    return random.Random((seed << 32) ^ zlib.crc32(label.encode()))


def toward(value: float, target: float, step: float) -> float:
    """Move towards a target by at most one step."""
    return target if abs(target - value) <= step else value + math.copysign(step, target - value)


def curve_hold_s(curve: tuple[tuple[float, float], ...], ratio: float) -> float:
    """How long a load ratio is carried, from points of ratio and seconds; inf at or below 1.

    t = t1 + (t2 - t1) (r - r1) / (r2 - r1) between points. Source: a makers' curve is a table, read in straight lines.
    """
    if ratio <= 1.0:
        return math.inf
    before = curve[0]
    for point in curve[1:]:
        if ratio <= point[0]:
            if math.isinf(before[1]):
                return point[1] * (point[0] - 1.0) / max(1e-6, ratio - 1.0)
            share = (ratio - before[0]) / (point[0] - before[0])
            return before[1] + share * (point[1] - before[1])
        before = point
    return before[1]
