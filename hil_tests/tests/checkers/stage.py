"""A plant, its devices and all checkers, with a controller that says and does what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from controller.config.load import load_site
from controller.config.paths import site_path
from controller.config.types import Site
from controller.drivers.link import Value
from controller.model.advice import RequestKind
from controller.model.decision import Event
from controller.model.hub import Dimming
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, InverterMode, Mode
from hil_tests.bench.scene import Scene
from hil_tests.checkers.causes import INTENTS
from hil_tests.checkers.watch import Watch
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.servers.points import PlantDevices


@dataclass
class Puppet:
    """A controller that a test moves."""

    is_running: bool = True
    is_asleep: bool = False
    mode: Mode | None = None
    authority: Authority = Authority.AUTO
    events: list[tuple[float, Event]] = field(default_factory=list)

    def request(self, kind: RequestKind, subject: str | None, *, at_the_hub: bool) -> None:
        raise NotImplementedError

    def kill(self) -> None:
        self.is_running = False

    def start(self) -> None:
        self.is_running = True


class NoFaults:
    """Nothing can be broken here but by hand."""

    def inject(self, unit: str, kind: str, parameters: Mapping[str, object]) -> Callable[[], None]:
        raise NotImplementedError


@cache
def the_site(name: str = "musterhallig") -> Site:
    return load_site(site_path(name))


class Stage:
    """`ids` are the checkers that have fired, in order."""

    def __init__(self, options: PlantOptions | None = None, site: Site | None = None) -> None:
        self.site = site or the_site()
        self.plant = Plant(self.site.hub, 3, options)
        self.puppet = Puppet()
        self.scene = Scene(self.site, self.plant, PlantDevices(self.site, self.plant), self.puppet, NoFaults(), 3)
        self.watch = Watch(self.scene)

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s / STEP_S)):
            self.plant.step(STEP_S)
            self.scene.devices.after_step()
            self.watch.look()

    @property
    def ids(self) -> list[str]:
        return list(dict.fromkeys(finding.source for finding in self.watch.findings))

    def dim(self, limit_w: float) -> None:
        """The site has a control box, and it asks for no more import than this."""
        hub = replace(self.site.hub, dimming=Dimming(limit_w, ("ev_posts",)))
        self.site = self.scene.site = replace(self.site, hub=hub)
        self.plant.dso.import_limit_w = limit_w

    def by_tier(self) -> list[str]:
        """All feeders that can be shed, the last to be shed first."""
        feeders = [feeder for feeder in self.site.hub.feeders.values() if not feeder.carries_control]
        return [feeder.id for feeder in sorted(feeders, key=lambda each: each.tier)]

    def order(self, asset: str, name: str, value: Value, explained: bool = True) -> None:
        """What a controller writes, with a line in its log or without."""
        binding = next(b for b in self.site.bindings.values() if b.asset == asset and name in b.writes)
        if explained:
            self.say(INTENTS.get((name, value), EventKind.ORDERED_OPEN), asset)
        reference = binding.writes[name]
        self.scene.devices.device(reference.device).write(reference.point, value)

    def say(self, kind: EventKind, subject: str, reason: Reason = Reason.OPERATOR, **values: str) -> None:
        self.puppet.events.append((self.plant.now_s, Event(kind, reason, subject, values)))

    def begin(self) -> None:
        """The controller has looked round."""
        self.say(EventKind.RECOVERED, "hub", Reason.RECOVERED_ON_GRID)
        self.run(0.1)

    def island(self, former: str = "battery_main") -> None:
        """A proper island: open, earthed, formed."""
        self.begin()
        self.order("poi", "open", True)
        self.order("poi", "settings_group", "island")
        self.run(0.1)
        self.order("n_pe", "closed", True)
        self.run(0.1)
        self.order(former, "mode_set", InverterMode.GRID_FORMING.value)
        self.run(1.0)
