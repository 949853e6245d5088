"""The screen of `hallig status --watch`: redrawn in place with rich, whatever becomes of the controller."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.text import Text

from controller.commands.contact import NoContactError
from controller.commands.frame import OK, pause
from controller.commands.screen import LINES, screen
from controller.commands.situation import BAD_MODES, Look, Looker
from controller.model.words import Mode
from supervisor.words import Words

CALM = "bold green"
ISLAND = "bold cyan"
BAD = "bold red"
GREY = "dim"


def watch(looker: Looker, say: Words, period_s: float) -> int:
    """Until Ctrl-C."""
    console = Console(highlight=False)
    try:
        with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
            while True:
                live.update(_seen(looker, say), refresh=True)
                pause(period_s)
    except KeyboardInterrupt:
        return OK


def _seen(looker: Looker, say: Words) -> Text:
    """What is to be seen now. Raises NoContactError where no controller is and none has been."""
    try:
        return _drawn(looker.look(), say)
    except NoContactError as error:
        if not looker.is_running:
            raise
        return Text(error.line, style=GREY)  # it is starting, and is waited for


def _drawn(look: Look, say: Words) -> Text:
    lines = screen(look, say)[:LINES]
    text = Text(lines[0] + "\n", style="bold", no_wrap=True)
    text.append(lines[1] + "\n", style=_tone(look))
    text.append("\n".join(lines[2:]), style="not bold" if look.has_contact else f"not bold {GREY}")
    return text


def _tone(look: Look) -> str:
    """Never colour alone: the word stands there too."""
    if not look.has_contact or look.status.mode in BAD_MODES:
        return BAD
    return CALM if look.status.mode is Mode.GRID_CONNECTED else ISLAND
