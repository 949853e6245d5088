"""The demo's live terminal view: what a person at the hub would want to know, redrawn four times a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.segment import Segment
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
EVENTS_KEPT_COUNT = 40  # of which as many are shown as fit
BORDER_ROWS = 2
BORDER_COLUMNS = 6  # a corner, a dash and a space on either side


@dataclass(slots=True)
class Screen:
    """What the view shows besides the status: the address, the story's last line, the newest events."""

    address: str
    line: str = ""
    events: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add_events(self, lines: Sequence[str]) -> None:
        """Keep the newest few."""
        self.events = [*self.events, *lines][-EVENTS_KEPT_COUNT:]

    def draw(self, raw: bytes | None) -> RenderableType:
        """The whole screen from the controller's snapshot; before the first one, that it is starting."""
        status = _parse(raw)
        warnings = [_one_line(line, "bold red") for line in self.warnings]
        events = [_one_line(line, "dim") for line in self.events or ["no events yet"]]
        return _Picture(self.address, _Body([*_head(status, self.line), *_middle(status)], events, warnings))


@dataclass(frozen=True, slots=True)
class _Body:
    """Within the borders: of the events the newest, as many as fit, so that the lower border is always there."""

    top: Sequence[RenderableType]
    events: Sequence[Text]
    warnings: Sequence[Text]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows_count = max(0, options.max_height - BORDER_ROWS - len(self.warnings))
        top = console.render_lines(Group(*self.top), options, pad=False)[:rows_count]
        for line in top:
            yield from line
            yield Segment.line()
        events_count = rows_count - len(top)
        yield from self.events[-events_count:] if events_count else ()
        yield from self.warnings


@dataclass(frozen=True, slots=True)
class _Picture:
    """The borders, with what a narrow terminal has room for: how to end above all."""

    address: str
    body: _Body

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        sayings = (
            f"page: {self.address}   any key: play again   Ctrl-C: end",
            f"{self.address}  any key: again  Ctrl-C: end",
            f"{self.address}  Ctrl-C: end",
            "Ctrl-C: end",
        )
        fits = (each for each in sayings if len(each) + BORDER_COLUMNS <= options.max_width)
        yield Panel(self.body, title="Hallig demo", subtitle=next(fits, sayings[-1]))


def _one_line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _parse(raw: bytes | None) -> dict[str, object]:
    try:
        return dict(orjson.loads(raw or b"{}"))
    except orjson.JSONDecodeError:
        return {}


def _head(status: dict[str, object], line: str) -> list[Text]:
    mode = str(status.get("mode", "starting"))
    text = _one_line("", "")
    text.append(mode.replace("_", " ").upper(), style=MODE_STYLE.get(mode, "bold"))
    text.append(f"   because: {str(status.get('reason', '-')).replace('_', ' ')}")
    return [text, Text(line, style="italic")]


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


def _as_dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _as_list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
