"""Mistakes in a scenario file: the change that somebody made, and the one complaint that must come of it."""

from __future__ import annotations

from hil_tests.tests.config.stories import Mistake

SOUND = """\
id = "ISL-900"
title = "Blackout at night"
hub = "small"
clauses = ["IEEE 2030.7 T2"]
tags = ["islanding"]
seed = [1, 2]
until = "30 s"

[start]
soc_pct = 62.0

[[timeline]]
at = "10 s"
do = "grid.blackout"
fall_s = 0.02

[[timeline]]
at = "12 s"
do = "load.set"
feeder = "warm_room"
demand_ratio = 0.5
name = "more"

[[timeline]]
at = "14 s"
do = "fault"
unit = "inverter"
type = "silent"
for = "2 s"

[[expect]]
that = "poi.open"
after = "grid.blackout"
within = "500 ms"
because = "t_island"

[[expect]]
always = "tier.0.energised_ratio == 1"
during = ["14 s", "30 s"]
because = "SS2"

[[expect]]
metric = "backfeed_j"
max = 60000
because = "I1"

[[expect]]
event = "mode_changed"
reason = "island_formed"
because = "T2"

[[expect]]
signal = "bus.frequency_hz"
is_step = { from_value = 50.0, to_value = 50.0, at_s = 1.0, tolerance = 0.5 }
during = ["14 s", "20 s"]
because = "f"
"""

TWICE = '\n[[expect]]\nmetric = "backfeed_j"\n▶min = 70000\n'
MISTAKES = (
    Mistake("a letter left out of a verb", 'do = "grid.blackout"', '▶do = "grid.blackot"', "timeline.0.do",
            "grid.blackot", " more)", "grid.blackout", also=(('after = "grid.blackout"\n', ""),)),
    Mistake("an id of two letters", 'id = "ISL-900"', '▶id = "MY-001"', "id", "MY-001",
            "three capitals, a dash and three to six digits, like ISL-003"),
    Mistake("unknown verb", 'do = "grid.blackout"', '▶do = "grid.blackut"', "timeline.0.do", "grid.blackut",
            "grid.sag", "grid.blackout", also=(('after = "grid.blackout"\n', ""),)),
    Mistake("unknown unit of time", 'until = "30 s"', '▶until = "30 parsec"', "until", "30 parsec",
            "'parsec' is no unit"),
    Mistake("time without a unit", 'at = "12 s"', '▶at = 12', "timeline.1.at", "12", "a duration with its unit"),
    Mistake("negative time", 'at = "12 s"', '▶at = "-12 s"', "timeline.1.at", "-12 s", "a duration with its unit"),
    Mistake("instant after the end", 'at = "12 s"', '▶at = "31 s"', "timeline.1.at", "31 s", "before the end at 30 s"),
    Mistake("cold loads with the lights on", 'soc_pct = 62.0', 'soc_pct = 62.0\n▶off_for = "24 h"', "start.off_for",
            "no `dark = true`", "`dark = true` beside `off_for`"),
    Mistake("repeated beyond the end", 'name = "more"', 'name = "more"\n▶repeat = { every = "10 s", times = 3 }',
            "timeline.1.repeat", "32 s", "before the end at 30 s"),
    Mistake("unknown parameter of a verb", "demand_ratio = 0.5", "▶demand_rate = 0.5\ndemand_ratio = 0.5",
            "timeline.1.demand_rate", "demand_rate", "one of demand_ratio, feeder", "demand_ratio"),
    Mistake("missing parameter of a verb", "\n[[timeline]]\nat = \"12 s\"",
            "\n▶[[timeline]]\nat = \"12 s\"", "timeline.1", "no 'demand_ratio'", "'demand_ratio' for load.set",
            also=(("demand_ratio = 0.5\n", ""),)),
    Mistake("wrong type of a parameter", "demand_ratio = 0.5", '▶demand_ratio = "half"', "timeline.1.demand_ratio",
            "half", "a number"),
    Mistake("not a number", "demand_ratio = 0.5", "▶demand_ratio = nan", "timeline.1.demand_ratio", "nan", "finite"),
    Mistake("unknown asset", 'feeder = "warm_room"', '▶feeder = "warmroom"', "timeline.1.feeder", "warmroom",
            "desk, medical", "warm_room"),
    Mistake("unknown fault", 'type = "silent"', '▶type = "silence"', "timeline.2.type", "silence", "fails_to_open",
            "silent"),
    Mistake("unknown unit of a fault", 'unit = "inverter"', '▶unit = "invertor"', "timeline.2.unit", "invertor",
            "poi_relay, inverter", "inverter"),
    Mistake("fault for no time", 'for = "2 s"', '▶for = "two"', "timeline.2.for", "two", "a duration"),
    Mistake("unknown key", 'tags = ["islanding"]', '▶tag = ["islanding"]', "tag", "unknown key 'tag'",
            "one of this table's keys", "tags"),
    Mistake("unknown key of a table", "soc_pct = 62.0", "▶soc = 62.0", "start.soc", "unknown key 'soc'",
            "one of this table's keys", "soc_pct"),
    Mistake("outside the range", "soc_pct = 62.0", "▶soc_pct = 620.0", "start.soc_pct", "620", "at most 100"),
    Mistake("start is not a number", "soc_pct = 62.0", "▶soc_pct = nan", "start.soc_pct", "nan", "finite"),
    Mistake("failure without its gap", 'until = "30 s"', 'until = "30 s"\n▶expected = "fail"', "expected", '"fail"',
            "`gap` with the reason"),
    Mistake("gap without a failure", 'until = "30 s"', 'until = "30 s"\n▶gap = "later"', "gap", "a gap without",
            'expected = "fail"'),
    Mistake("gap that breaks nothing known", 'until = "30 s"',
            'until = "30 s"\nexpected = "fail"\ngap = "later"\nbreaks = [▶"expect.70"]',
            "breaks.0", "'expect.70'", "one of I1", "expect.5"),
    Mistake("findings of no gap", 'until = "30 s"', 'until = "30 s"\n▶breaks = ["I1"]', "breaks", "findings of no gap",
            "`gap`"),
    Mistake("unknown hub", 'hub = "small"', '▶hub = "smal"', "hub", "smal", "musterhallig", "small"),
    Mistake("id of another form", 'id = "ISL-900"', '▶id = "isl 900"', "id", "isl 900", "like ISL-003"),
    Mistake("no such tier", "seed = [1, 2]", 'tiers = [▶"t3"]\nseed = [1, 2]', "tiers.0", "t3",
            "one of t0, t1, t2"),
    Mistake("seeds the wrong way round", "seed = [1, 2]", '▶seed = "61..42"', "seed", "61..42", '"42..61"'),
    Mistake("unknown label", 'after = "grid.blackout"', '▶after = "grid.blckout"', "expect.0.after", "grid.blckout",
            "one of grid.blackout, more, fault, fault.end, mode.", "grid.blackout"),
    Mistake("end of a fault that lasts", 'after = "grid.blackout"', '▶after = "fault.end"', "expect.0.after",
            "fault.end", "one of grid.blackout, more, fault, mode.", "fault", also=(('for = "2 s"\n', ""),)),
    Mistake("label of two lines", 'name = "more"', 'name = "grid.blackout"', "expect.0.after",
            "2 lines of the timeline are called", "a `name`", also=(('after = "grid.b', '▶after = "grid.b'),)),
    Mistake("wait without a name", 'that = "poi.open"', '▶wait_until = "poi.open"', "expect.0.wait_until",
            "no `name`", "`wait_until` and `name` together"),
    Mistake("name that is taken", 'that = "poi.open"', 'wait_until = "poi.open"\n▶name = "more"', "expect.0.name",
            "'more'", "a name that nothing else has"),
    Mistake("window beyond the end", 'within = "500 ms"', '▶within = "25 s"', "expect.0.within", "35 s",
            "no later than"),
    Mistake("window that ends before it begins", 'during = ["14 s", "30 s"]', '▶during = ["20 s", "14 s"]',
            "expect.1.during", "20 and then 14", "begins before it ends"),
    Mistake("two windows", 'within = "500 ms"', 'within = "500 ms"\n▶at = "1 s"', "expect.0.at", "within and at",
            "one of within, at, during"),
    Mistake("always and never", "[[expect]]\nmetric",
            '[[expect]]\n▶never = "tier.0.energised_ratio == 1"\n\n[[expect]]\nmetric', "expect.2.never",
            "never tier.0.energised_ratio == 1", "no contradiction to always"),
    Mistake("always and always not", "[[expect]]\nmetric",
            '[[expect]]\n▶always = "not (tier.0.energised_ratio == 1)"\n\n[[expect]]\nmetric', "expect.2.always",
            "always not (tier.0.energised_ratio == 1)", "no contradiction to always"),
    Mistake("one fact under two names", "[[expect]]\nmetric",
            '[[expect]]\n▶always = "poi.closed"\n\n[[expect]]\nmetric', "expect.2.always", "always poi.closed",
            "no contradiction to that poi.open (line 32)"),
    Mistake("limits that exclude each other", "[[expect]]\nmetric",
            '[[expect]]\n▶never = "tier.0.energised_ratio > 0.5"\nduring = ["29 s", "30 s"]\n\n[[expect]]\nmetric',
            "expect.2.never", "never tier.0.energised_ratio > 0.5", "no contradiction to always"),
    Mistake("a shape and a condition", "[[expect]]\nmetric",
            '[[expect]]\nsignal = "tier.0.energised_ratio"\n▶is_constant = [0, 0.5]\n\n[[expect]]\nmetric',
            "expect.2.is_constant", "tier.0.energised_ratio (0.0, 0.5)", "no contradiction to always"),
    Mistake("counts that exclude each other", "[[expect]]\nsignal",
            '[[expect]]\nevent = "mode_changed"\nreason = "island_formed"\n▶count_max = 0\n\n[[expect]]\nsignal',
            "expect.4.count_max", "bounds of mode_changed", "no contradiction"),
    Mistake("a word that the signal never says", 'always = "tier.0.energised_ratio == 1"',
            "▶always = \"controller.mode == 'islandet'\"", "expect.1.always", "'islandet'",
            "controller.mode with one of unknown", "islanded"),
    Mistake("a word for a number", 'always = "tier.0.energised_ratio == 1"',
            "▶always = \"tier.0.energised_ratio == 'one'\"", "expect.1.always", "'one'",
            "tier.0.energised_ratio with no text"),
    Mistake("a number for a word", 'always = "tier.0.energised_ratio == 1"', '▶always = "controller.mode > 3"',
            "expect.1.always", "3", "controller.mode with one of"),
    Mistake("a word without quotes", 'always = "tier.0.energised_ratio == 1"',
            '▶always = "controller.mode == islanded"', "expect.1.always", "islanded", "a text in quotes"),
    Mistake("and of another language", 'that = "poi.open"', '▶that = "poi.open && bus.live"', "expect.0.that", "&&",
            "'and', not '&&'"),
    Mistake("window of one instant", 'during = ["14 s", "30 s"]', '▶during = "14 s"', "expect.1.during", "14 s",
            "a window from and to"),
    Mistake("subject of an event", 'reason = "island_formed"', 'reason = "island_formed"\n▶subject = "warmroom"',
            "expect.3.subject", "'warmroom'", "an asset or device", "warm_room"),
    Mistake("unknown invariant", "[start]", '[except_invariants]\n▶I99 = "why"\n\n[start]', "except_invariants.I99",
            "'I99'", "one of I1", "I9"),
    Mistake("exception without a reason", "[start]", '[except_invariants]\n▶I2 = ""\n\n[start]',
            "except_invariants.I2", '""', "the reason why"),
    Mistake("impossible time of a verb", "fall_s = 0.02", "▶fall_s = -1", "timeline.0.fall_s", "-1", "at least 0"),
    Mistake("repeated without a pause", 'name = "more"', 'name = "more"\nrepeat = { ▶every = "0 s", times = 3 }',
            "timeline.1.repeat.every", "0 s", "more than 0"),
    Mistake("capitals", 'do = "grid.blackout"\nfall_s = 0.02', 'do = "grid.lose_phase"\n▶phase = "L2"',
            "timeline.0.phase", '"L2"', "one of l1, l2, l3", "l2", also=(('after = "grid.blackout"\n', ""),)),
    Mistake("who is asked about", 'do = "grid.blackout"\nfall_s = 0.02',
            'do = "operator"\nrequest = "open_feeder"\n▶subject = "warmroom"', "timeline.0.subject", "'warmroom'",
            "one of desk", "warm_room", also=(('after = "grid.blackout"\n', ""),)),
    Mistake("no tier", "seed = [1, 2]", "▶tiers = []\nseed = [1, 2]", "tiers", "none", "at least one of t0"),
    Mistake("unknown option of the plant", "[start]", '[start.plant.sky]\n▶peak_w = 900\n\n[start]',
            "start.plant.sky.peak_w", "unknown key 'peak_w'", "one of start_hour", "peak_w_per_m2"),
    Mistake("option of the plant for nobody", "[start]", '[start.plant.motors.pump]\nrated_w = 900\n\n[start]',
            "start.plant.motors.pump", "'pump'", "one of desk",
            also=(("[start.plant.motors", "▶[start.plant.motors"),)),
    Mistake("option that is missing", "[start]", '▶[start.plant.motors.desk]\ninrush_s = 1\n\n[start]',
            "start.plant.motors.desk.rated_w", "nothing", "a value for 'rated_w'"),
    Mistake("start twice", "[start]", '[start.plant]\n▶soc_pct = 3\n\n[start]', "start.plant.soc_pct", "'soc_pct'",
            "it in [start]"),
    Mistake("bounds that exclude each other", "[[expect]]\nevent", TWICE.strip() + "\n\n[[expect]]\nevent",
            "expect.3.min", "bounds of backfeed_j", "no contradiction"),
    Mistake("unknown signal", "poi.open\"", 'poi.opened"', "expect.0.that", "poi.opened", "a signal of this hub",
            "poi.open", also=(('that = "poi', '▶that = "poi'),)),
    Mistake("not a condition", 'always = "tier.0.energised_ratio == 1"', '▶always = "tier.0.energised_ratio = 1"',
            "expect.1.always", "energised_ratio = 1", "a condition, like"),
    Mistake("python in a condition", 'always = "tier.0.energised_ratio == 1"', '▶always = "__import__(\'os\')"',
            "expect.1.always", "__import__", "signals, numbers"),
    Mistake("unknown metric", 'metric = "backfeed_j"', '▶metric = "backfed_j"', "expect.2.metric", "backfed_j",
            "the name of a metric", "backfeed_j"),
    Mistake("metric without a bound", 'metric = "backfeed_j"\nmax = 60000', '▶metric = "backfeed_j"', "expect.2.metric",
            "no bound", "`min` or `max`"),
    Mistake("bound that is no number", "max = 60000", "▶max = nan", "expect.2.max", "nan", "finite"),
    Mistake("unknown kind of event", 'event = "mode_changed"', '▶event = "mode_change"', "expect.3.event",
            "mode_change", "grid_verdict", "mode_changed"),
    Mistake("unknown reason", 'reason = "island_formed"', '▶reason = "island_form"', "expect.3.reason", "island_form",
            "grid_dead", "island_formed"),
    Mistake("unknown parameter of a shape", "at_s = 1.0,", "▶at = 1.0, at_s = 1.0,", "expect.4.is_step.at",
            "unknown key 'at'", "a parameter of the shape", "at_s"),
    Mistake("two things in one expectation", 'that = "poi.open"', 'that = "poi.open"\n▶never = "bus.live"',
            "expect.0.never", "that and never", "exactly one of"),
    Mistake("unknown device in hardware", "[start]", '▶[hardware.inverta]\nhost = "192.0.2.9"\n\n[start]',
            "hardware.inverta", "inverta", "a device of this hub", "inverter",
            also=(("seed = [1, 2]", 'tiers = ["t2"]\nseed = [1, 2]'),)),
    Mistake("hardware in virtual time", "seed = [1, 2]", '▶tiers = ["t0", "t2"]\nseed = [1, 2]', "tiers", "t0",
            "hardware keeps real time", also=(("[start]", '[hardware.inverter]\nhost = "192.0.2.9"\n\n[start]'),)),
)  # fmt: skip
