"""The parts of a full run: a command each, in the order in which they are worth having."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

STORIES = ("CTL-060", "BLK-003", "ISL-027")
"""What switches: out and back, a genset's crank, a feeder that a person holds open."""
SUMMARY = re.compile(
    r"\d+ (?:runs?|stories|defects|mutants|cycles|silences)\b.*|\S+: \d+ crashes\b.*|.* ended in a known gap: .*"
)
HALLIG = (sys.executable, "-m", "controller.cli", "bench")
T2 = (  # about an hour each
    ("t2_islanding", "islanding, earthing, dark, emergency-off", ("ISL", "EAR", "DRK", "EMO")),
    ("t2_return", "reconnection, black start, communication, controller, finds", ("REC", "BLK", "COM", "CTL", "FUZ")),
    ("t2_dispatch", "dispatch", ("DIS",)),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One command. `name` is what `--only` takes."""

    name: str
    title: str
    command: tuple[str, ...]

    @property
    def line(self) -> str:
        """As a person would type it."""
        words = " ".join(self.command)
        return words.replace(" ".join(HALLIG), "hallig bench").replace(sys.executable, "python")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part said at its end, and its exit code."""

    said: str
    code: int


def parts(seeds_count: int, jobs: int) -> list[Part]:
    """All of them. T2 plays one after the other, whatever `jobs` says: real time is not to be shared."""
    together = ("-j", str(jobs))
    module = (sys.executable, "-m")
    return [
        Part("t0", "all scenarios, virtual time without wires", (*HALLIG, "run", "--tier", "t0", *together)),
        Part("t1", "all scenarios, virtual time with Modbus bytes", (*HALLIG, "run", "--tier", "t1", *together)),
        Part("flips", "all scenarios, a bit flipped in every fifth reply on Modbus TCP",
             (*module, "hil_tests.flips", "--jobs", str(jobs))),
        Part("blinks", "ten thousand times one device silent for a moment, around every turn of every story",
             (*module, "hil_tests.blinks", "--cases", "10000", "--jobs", str(jobs))),
        Part("losses", "every row of the loss table", (*module, "hil_tests.losses")),
        Part("reconnections", "10 000 random returns to the grid, the contact timed by the controller alone",
             (*module, "hil_tests.reconnections", "--jobs", str(jobs))),
        Part("crash", "a crash in every step around every switching order", (*HALLIG, "crash", *STORIES, *together)),
        Part("outages", "the same, and the controller's power goes as well: another boot",
             (*HALLIG, "crash", *STORIES, "--power-cut", "--every", "0.05", *together)),
        Part("defects", "all planted defects", (*module, "hil_tests.defects", "--jobs", str(jobs))),
        Part("guard", "all mutants of the guard", (*module, "hil_tests.mutation")),
        Part("hostile", "ten million cycles of random commands against the guard",
             (*module, "hil_tests.hostile", "--cycles", "10000000", "--jobs", str(jobs))),
        Part("endurance", "72 hours in strides", (*HALLIG, "run", "endurance", *together)),
        Part("cuts", "power cuts at every write", (*module, "hil_tests.disk", "cuts", "--count", "20000")),
        Part("kills", "kill -9 of the writer", (*module, "hil_tests.disk", "kills", "--count", "2000")),
        Part("failures", "failing statements", (*module, "hil_tests.disk", "failures", "--count", "1000")),
        Part("damage", "damaged journals", (*module, "hil_tests.disk", "damage", "--count", "5200")),
        Part("fuzz", "random hubs, stories and faults",
             (*module, "hil_tests.fuzz", "--seeds", f"1..{seeds_count}", "--jobs", str(jobs))),
        Part("links", "a device that misbehaves, 100 000 transactions over TCP and on a serial line",
             (*module, "hil_tests.fuzz.links", "--transactions", "100000")),
        *(Part(name, f"real time: {what}", (*HALLIG, "run", *families, "--tier", "t2")) for name, what, families in T2),
    ]  # fmt: skip


def play(part: Part) -> Outcome:
    """Run it to its end, showing what it says."""
    said: list[str] = []
    with subprocess.Popen(part.command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            said.append(line.rstrip())
    return Outcome(summary(said), process.returncode)


def summary(lines: Sequence[str]) -> str:
    """The lines in which a command says what came of it all; its last line when there is none such.

    Scenarios count up as they go, and the last count holds; crashes are told a story at a time, random stories with
    the gaps that ended them.
    """
    found = [line.strip() for line in lines if SUMMARY.fullmatch(line)]
    if found:
        return "; ".join(found if "crashes" in found[0] or "stories" in found[0] else found[-1:])
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
