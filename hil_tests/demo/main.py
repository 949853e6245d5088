"""One command, a whole village: device servers around a plant, a controller, the page, a blackout, and a verdict."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import socket
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from rich.console import Console
from rich.live import Live

from controller import clock
from controller.commands.frame import INTERRUPTED, OK
from controller.commands.logs import start_logging
from controller.commands.stopping import asked_later, listening
from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.whereabouts import PID_NAME
from hil_tests.demo.children import Children
from hil_tests.demo.events import EventTail
from hil_tests.demo.judge import Judge
from hil_tests.demo.pen import Pen
from hil_tests.demo.story import Chapter, play
from hil_tests.demo.view import Screen
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.servers.bench import DeviceServers
from hil_tests.servers.owned_folder import OwnedFolder
from hil_tests.servers.ports import free_port

START_PATIENCE_S = 20.0
READY_MODES = frozenset({"grid_connected"})
REDRAWS_PER_S = 4
READER_PATIENCE_S = 1.0  # at the end, for a terminal that takes no more
DEMAND_RATIO = 0.95  # a busy evening: more than the battery may carry, so that something must be shed


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line said. `port` None: any free one."""

    port: int | None
    once: bool
    chapter: Chapter
    site: Path


def run_demo(options: DemoOptions) -> int:
    """Play the demo. Exit code 0: all well, or ended by Ctrl-C; 1: with one line that says why not.

    Where it was to judge and was ended before: 130, neither of them.
    """
    with asked_later():
        pen, errors = Pen(sys.stdout), Pen(sys.stderr)
        start_logging(as_json=False, sink=cast("IO[str]", errors))
        try:
            return _run_with(options, Output(pen, Console(file=cast("IO[str]", pen))))
        finally:
            pen.finish(READER_PATIENCE_S)
            errors.finish(READER_PATIENCE_S)


def _run_with(options: DemoOptions, output: Output) -> int:
    port = options.port if options.port is not None else free_port()
    if not _is_free(port):
        print(
            f"hallig: port {port} on 127.0.0.1 is taken. Choose another with --port, or leave it away.", file=sys.stderr
        )
        return 1
    folder = OwnedFolder("hallig-demo-")
    children = Children(folder.path)
    try:
        return asyncio.run(_until_told(_Demo(options, port, children, output)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        judged = " before there was a verdict" if options.once else ""
        output.console.print(f"Ended{judged}. Everything that was started is stopped.")
        return INTERRUPTED if options.once else OK
    finally:
        children.end_all()
        folder.remove()


@dataclass(frozen=True, slots=True)
class Output:
    """Where the demo writes, which never waits, and how it looks there."""

    pen: Pen
    console: Console


async def _until_told(demo: _Demo) -> int:
    """A closed terminal or a polite kill ends the demo as Ctrl-C does."""
    playing = asyncio.ensure_future(demo.run())
    with listening(playing.cancel):
        return await playing


class _Demo:
    """One run: what it started, and what it shows."""

    def __init__(self, options: DemoOptions, port: int, children: Children, output: Output) -> None:
        self.options, self.port, self.children = options, port, children
        self.pen, self.console = output.pen, output.console
        self.run_dir = children.run_dir
        self.screen = Screen(address=f"http://127.0.0.1:{port}/")
        site = load_site(options.site)
        self.plant = Plant(site.hub, options=PlantOptions(demand_ratio=DEMAND_RATIO))
        self.judge = Judge(self.plant, site.hub)
        self.servers = DeviceServers(site, self.plant, on_step=self._watch)
        self.tail = EventTail(self.run_dir / "control.sock")

    def _watch(self) -> None:
        """The judge of the story that is being told now."""
        self.judge.watch()

    async def run(self) -> int:
        try:
            if self.console.is_terminal:
                self.console.print("A village is being built; this takes a few seconds.")
            self._start_children(await self.servers.start())
            await self._ready()
            self.console.print(f"The page is at {self.screen.address}")
            beside = f"Beside it, in another terminal: hallig status --run-dir {self.run_dir}"
            self.console.print(beside, highlight=False, soft_wrap=True)
            if not self.options.once:  # which judges, and has nobody who starts it again
                unkind = f"Be unkind to it: kill -9 $(cat {self.run_dir / PID_NAME}) ends the controller's process."
                self.console.print(unkind, highlight=False, soft_wrap=True)
            return await (self._play_once() if self.options.once else self._play_on())
        except DemoFailedError as error:
            self.console.print(f"[red]demo failed:[/red] {error}", highlight=False)
            return 1
        finally:
            self.children.end_all()
            await self.servers.stop()

    def _start_children(self, overrides: dict[str, dict[str, object]]) -> None:
        override_file = self.run_dir / "overrides.json"
        override_file.write_text(json.dumps(overrides))
        common = [str(self.options.site), "--run-dir", str(self.run_dir)]
        data, events = str(self.run_dir / "data"), str(self.run_dir / "web")
        self.arguments = {
            "controller": ["run", *common, "--data-dir", data, "--overrides", str(override_file)],
            "supervisor": ["supervise", *common, "--data-dir", events, "--port", str(self.port)],
        }
        for name, arguments in self.arguments.items():
            self.children.start(name, arguments)

    async def _ready(self) -> None:
        """Wait until the controller has found the hub on grid and the page answers."""
        patience_until_s = clock.now_s() + START_PATIENCE_S
        while clock.now_s() < patience_until_s:
            self._speak_of_the_dead()
            status = self._status()
            if str(status.get("mode")) in READY_MODES and not _is_free(self.port):
                return
            await asyncio.sleep(0.1)
        raise DemoFailedError(f"the controller was not in control after {START_PATIENCE_S:.0f} s")

    async def _play_once(self) -> int:
        story = asyncio.create_task(play(self.plant, self.judge, self.options.chapter, self._say))
        while not story.done():
            self._speak_of_the_dead()
            self._print_new_events()
            await asyncio.sleep(0.2)
        await story
        self._print_new_events()
        problems = self.judge.verdict(self._vetoes_count())
        for problem in problems:
            self.console.print(f"[red]demo failed:[/red] {problem}", highlight=False)
        if not problems:
            self.console.print(self._praise(), highlight=False)
        return 1 if problems else 0

    async def _play_on(self) -> int:
        """Until Ctrl-C: with a live view, in which a key plays the story again; in lines where no terminal is."""
        if not self.console.is_terminal:
            return await self._tell_on(self._say, self._print_new_events)
        with _single_keys(), Live(console=self.console, auto_refresh=False, screen=False) as live:
            return await self._tell_on(self._say_on_screen, lambda: self._redraw(live))

    async def _tell_on(self, say: Callable[[str], None], show: Callable[[], None]) -> int:
        story, is_judged = asyncio.create_task(play(self.plant, self.judge, self.options.chapter, say)), False
        while True:
            if warning := self._revive_the_dead():
                self.screen.warnings = [warning]
                if not self.console.is_terminal:
                    say(warning)
            show()
            if story.done() and not is_judged:
                is_judged = True
                say(self._ending())
            if self.console.is_terminal and _key_was_pressed() and story.done():
                self.judge, is_judged = Judge(self.plant, self.judge.hub), False
                story = asyncio.create_task(play(self.plant, self.judge, self.options.chapter, say))
            await asyncio.sleep(1 / REDRAWS_PER_S)

    def _redraw(self, live: Live) -> None:
        """A terminal that has not taken the last picture gets the next one when it has."""
        self.screen.add_events(self.tail.new_lines())
        if self.pen.is_idle:
            live.update(self.screen.draw(self._raw_status()), refresh=True)

    def _ending(self) -> str:
        problems = self.judge.verdict(self._vetoes_count())
        return "Back on grid; something went wrong: " + "; ".join(problems) if problems else f"Back: {self._praise()}"

    def _praise(self) -> str:
        dark_s = self.judge.longest_dark_s
        return f"demo passed: island formed, tier 0 dark for {dark_s:.2f} s at most, reconnected in sync"

    def _say(self, line: str) -> None:
        self.console.print(f"[bold]{line}[/bold]", highlight=False, soft_wrap=True)

    def _say_on_screen(self, line: str) -> None:
        self.screen.line = line

    def _print_new_events(self) -> None:
        for line in self.tail.new_lines():
            self.console.print(f"  {line}", highlight=False, soft_wrap=True)

    def _speak_of_the_dead(self) -> None:
        for child in self.children.dead():
            raise DemoFailedError(f"{child.how_it_ended}:\n{child.last_words()}")

    def _revive_the_dead(self) -> str:
        """As the service manager of a real site would: start the process again. Returns what to say of it, or ""."""
        dead = self.children.dead()
        for child in dead:
            self.children.start(child.name, self.arguments[child.name])
        return "; ".join(f"{child.how_it_ended}; started again" for child in dead)

    def _raw_status(self) -> bytes | None:
        with contextlib.suppress(OSError):
            return (self.run_dir / "status.json").read_bytes()
        return None

    def _status(self) -> dict[str, object]:
        try:
            return dict(json.loads(self._raw_status() or b"{}"))
        except ValueError:
            return {}

    def _vetoes_count(self) -> int:
        cycle = self._status().get("cycle")
        return int(cycle["vetoes_count"]) if isinstance(cycle, dict) else 0


class DemoFailedError(Exception):
    """Something that the person at the terminal must read."""


def default_site() -> Path:
    """The village of the demo."""
    return configs_dir() / "hubs" / "musterhallig.toml"


@contextlib.contextmanager
def _single_keys() -> Iterator[None]:
    """Read keys one by one; without a terminal, nothing is read."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin, termios.TCSANOW)  # not after what is still to be written: it may never be
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


def _key_was_pressed() -> bool:
    if not sys.stdin.isatty():
        return False
    is_readable, _, _ = select.select([sys.stdin], [], [], 0.0)
    return bool(is_readable) and bool(os.read(sys.stdin.fileno(), 64))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
