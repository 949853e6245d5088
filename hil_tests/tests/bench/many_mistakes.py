"""A scenario file with everything wrong at once, and what is told of it."""

from __future__ import annotations

MANY = """\
id = "ISL-900"
title = "Many mistakes"
hub = "smal"
untill = "30 s"
tags = "islanding"

[start]
soc_pc = 62.0
irradiance_w_per_m2 = "much"

[[timeline]]
at = 10
do = "grid.blackut"

[[timeline]]
att = "11 s"
do = "load.st"
feeder = "kitchen"

[[timeline]]
at = "12 s"
do = "fault"
type = "silense"
unit = "invertor"
for = 2

[[timeline]]
at = "13 s"

[[expect]]
that = "feeder.kitchen.energised"
after = "grid.blackout"
within = "500 ms"

[[expect]]
metrik = "backfed_j"
max = "0,1"

[[expect]]
event = "shed"
subject = "kitchen"
count_max = 1.5

[[expect]]
signal = "bus.frequency_hz"
is_constant = [1, 2, 3]

[[expect]]
always = "bus.liv"
wihin = "3 s"
because = 3

[[expect]]
because = "nothing else"
name = "later"

[[expect]]
that = "poi.open"
after = "later"
at = "40 s"
"""
TOLD_OF_MANY = (  # line, key and hint, in this order
    (3, "hub", "small"),
    (4, "untill", "until"),
    (5, "tags", '["islanding"]'),
    (8, "start.soc_pc", "soc_pct"),
    (9, "start.irradiance_w_per_m2", ""),
    (12, "timeline.0.at", ""),
    (13, "timeline.0.do", "grid.blackout"),
    (16, "timeline.1.att", "at"),
    (17, "timeline.1.do", "load.set"),
    (18, "timeline.1.feeder", ""),
    (23, "timeline.2.type", "silent"),
    (24, "timeline.2.unit", "inverter"),
    (25, "timeline.2.for", ""),
    (27, "timeline.3.do", ""),
    (31, "expect.0.that", ""),
    (36, "expect.1.metrik", "metric"),
    (36, "expect.1.metric", "backfeed_j"),
    (37, "expect.1.max", ""),
    (41, "expect.2.subject", ""),
    (42, "expect.2.count_max", ""),
    (46, "expect.3.is_constant", ""),
    (49, "expect.4.always", "bus.live"),
    (50, "expect.4.wihin", "within"),
    (51, "expect.4.because", ""),
    (53, "expect.5", ""),
    (60, "expect.6.at", ""),
)
