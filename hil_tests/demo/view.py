"""The demo's live terminal view: what a person at the hub would want to know, redrawn four times a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

MODE_STYLE = {
    "grid_connected": "bold green",
    "islanded": "bold cyan",
    "unplanned_islanding": "bold yellow",
    "reconnection": "bold yellow",
    "dark": "bold red",
    "locked_out": "bold red",
}
EVENTS_SHOWN_COUNT = 9


@dataclass(slots=True)
class Screen:
    """What the view shows besides the status: the address, the story's last line, the newest events."""

    address: str
    line: str = ""
    events: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add_events(self, lines: Sequence[str]) -> None:
        """Keep the newest few."""
        self.events = [*self.events, *lines][-EVENTS_SHOWN_COUNT:]

    def draw(self, raw: bytes | None) -> Panel:
        """The whole screen from the controller's snapshot; before the first one, that it is starting."""
        status = _parse(raw)
        body = Group(_head(status, self.line), *_middle(status), _events(self.events), *self._warnings())
        return Panel(body, title="Hallig demo", subtitle=f"page: {self.address}   any key: play again   Ctrl-C: end")

    def _warnings(self) -> list[Text]:
        return [Text(line, style="bold red") for line in self.warnings]


def _parse(raw: bytes | None) -> dict[str, object]:
    try:
        return dict(orjson.loads(raw or b"{}"))
    except orjson.JSONDecodeError:
        return {}


def _head(status: dict[str, object], line: str) -> Text:
    mode = str(status.get("mode", "starting"))
    text = Text()
    text.append(mode.replace("_", " ").upper(), style=MODE_STYLE.get(mode, "bold"))
    text.append(f"   because: {str(status.get('reason', '-')).replace('_', ' ')}\n")
    text.append(line, style="italic")
    return text


def _middle(status: dict[str, object]) -> list[Table]:
    if not status:
        return []
    numbers = Table.grid(padding=(0, 2))
    frequency = status.get("bus_frequency_hz")
    voltage = status.get("bus_voltage_v")
    hours = _as_dict(status.get("hours_left")).get("at_least_s")
    numbers.add_row(
        f"bus {frequency:.2f} Hz" if isinstance(frequency, float) else "bus - Hz",
        f"{_as_dict(voltage).get('l1', 0.0):.0f} V" if voltage else "- V",
        *(
            f"{battery['id']} {battery['soc_pct']:.0f} %"
            for battery in _as_list(status.get("batteries"))
            if isinstance(battery.get("soc_pct"), float)
        ),
        f"at least {hours // 3600:.0f} h" if isinstance(hours, float) else "",
    )
    return [numbers, _tiers(status)]


def _tiers(status: dict[str, object]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("tier")
    table.add_column("feeders")
    for tier in _as_list(status.get("tiers")):
        row = Text()
        for feeder in _as_list(tier.get("feeders")):
            is_on = feeder.get("position") == "closed"
            row.append(f"{'■' if is_on else '□'} {feeder['id']}  ", style="green" if is_on else "red")
        table.add_row(str(tier.get("number")), row)
    return table


def _events(lines: Sequence[str]) -> Text:
    return Text("\n".join(lines) if lines else "no events yet", style="dim")


def _as_dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _as_list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
