"""docs/losses.md: what every output does when a device is lost, in every mode. A test plays each row on the bench."""

from __future__ import annotations

from collections.abc import Iterator

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import AssetBinding, Site
from controller.model.words import Mode
from hil_tests.losses.effects import Effect
from hil_tests.losses.table import IN_STEPS, MODES, expected, expected_in_steps, outputs_of

PLAYED = "musterhallig"

INTRO = f"""\
<!-- Generated from configs/ and hil_tests/losses/table.py by `python -m hil_tests.docs`. Do not edit. -->
# The loss table

What each output does when a device falls silent, in each mode, at the hub `{PLAYED}`. It follows from the site file,
from what the device tables declare ([devices](devices.md)) and from the rules of judgement.
`python -m hil_tests.losses` plays every row: the device is cut in that mode, something else is wished of each of its
outputs (a closed feeder is to open, a limit to be another), and what plant and orders then show is compared with the
cell. Then the row is played with the same wishes and nothing lost: a cell that is right there too would prove nothing.
All rows are played in `.ci/full`, some in the tests.

| in a cell | means |
|---|---|
| | as ever: the loss is nothing to this output, orders reach it, and judgement sees what it needs |
| **holds** | its orders do not reach it; it stays as it was told last |
| **forms** | its orders do not reach it; if it forms, it goes on forming, by its own dead-man |
| **lapses** | its orders do not reach it; its limit lapses after its reversion time |
| **stops**, **opens** | its orders do not reach it; it stops or opens after its reversion time |
| *held back* | it is reached, and is not moved: judgement or guard does not see enough for that |
| *adapts* | it is reached, and its limit follows from what can still be seen: another one than usual |
| *dropped*, *started* | what a black start does, which begins because of the loss |

Nothing is written for a device that is back later: a wish dies after half a second. Loads are shed by what is seen: a
feeder whose meter is silent counts with its full rating, one whose contactor is not reached is not counted as relief.
Planned islanding and black start wait in each of their steps for what they must see (`controller/core/leaving.py`,
`controller/core/black_start.py`): of them the last table says where a loss makes them end. A device in quarantine,
because what it says cannot be true, is as good as lost here: nothing of it is believed, and nothing is written to it,
since nobody knows which register an order would reach. What is merely missing puts no device there.
"""

WORDS = {
    Effect.AS_EVER: "",
    Effect.HOLDS: "**holds**",
    Effect.KEEPS_FORMING: "**forms**",
    Effect.LAPSES: "**lapses**",
    Effect.STOPS: "**stops**",
    Effect.OPENS: "**opens**",
    Effect.HELD_BACK: "*held back*",
    Effect.ADAPTS: "*adapts*",
    Effect.DROPPED: "*dropped*",
    Effect.STARTED: "*started*",
}

SECOND = """\
## What falls over

Where several devices offer a value, the first fresh and believed one in the site file's order counts; the next one
takes over in the cycle in which the first is stale, or contradicts itself; where there is no next one, phases of the
POI or of a battery that contradict their total count all the same, any other asset's power is unknown, and people are
told. Orders have one way only.
"""


def losses_page() -> str:
    """The whole page. Raises ConfigError when a shipped hub is wrong."""
    site = load_site(configs_dir() / "hubs" / f"{PLAYED}.toml")
    lines = [INTRO]
    for mode in MODES:
        lines += [*_table(site, mode), ""]
    lines += [*_in_steps(site), ""]
    lines += [SECOND, "| hub | asset | first | then | what has a second source |", "|---|---|---|---|---|"]
    for path in sorted((configs_dir() / "hubs").glob("*.toml")):
        lines += _fall_over(load_site(path))
    return "\n".join(lines) + "\n"


def _table(site: Site, mode: Mode) -> Iterator[str]:
    outputs = outputs_of(site)
    yield f"## In `{mode.value}`"
    yield ""
    yield f"| lost | then | {' | '.join(f'`{output}`' for output in outputs)} |"
    yield f"|---|---|{'---|' * len(outputs)}"
    for device in site.devices:
        row = expected(site, mode, device)
        cells = " | ".join(WORDS[row.effects[output]] for output in outputs)
        yield f"| `{device}` | `{row.ends_in.value}` | {cells} |"


def _in_steps(site: Site) -> Iterator[str]:
    modes = " and ".join(f"`{mode.value}`" for mode in IN_STEPS)
    yield f"## Lost in {modes}"
    yield ""
    yield f"| lost | {' | '.join(f'`{mode.value}` ends in' for mode in IN_STEPS)} | what it carried |"
    yield f"|---|{'---|' * len(IN_STEPS)}---|"
    for device in site.devices:
        rows = [expected_in_steps(site, mode, device) for mode in IN_STEPS]
        effects = {WORDS[effect] for row in rows for effect in row.effects.values()}
        ends = " | ".join(f"`{row.ends_in.value}`" for row in rows)
        yield f"| `{device}` | {ends} | {', '.join(sorted(effects)) or 'nothing'} |"


def _fall_over(site: Site) -> Iterator[str]:
    for binding in site.bindings.values():
        first, *others = _sources(binding)
        if others:
            fields = ", ".join(f"`{name}`" for name, refs in binding.reads.items() if len(refs) > 1)
            then = ", ".join(f"`{name}`" for name in others)
            yield f"| `{site.hub.name}` | `{binding.asset}` | `{first}` | {then} | {fields or 'nothing'} |"


def _sources(binding: AssetBinding) -> list[str]:
    longest_first = sorted(binding.reads.values(), key=len, reverse=True)
    return list(dict.fromkeys(ref.device for refs in longest_first for ref in refs))
