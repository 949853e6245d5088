"""The enums of the field: modes, positions, verdicts and who does what. Each names its standard's term."""

from __future__ import annotations

from enum import Enum


class Mode(Enum):
    """Where the hub is (IEEE 2030.7: steady states SS1 and SS2, transitions T1 to T4)."""

    UNKNOWN = "unknown"  # after start: moves nothing
    GRID_CONNECTED = "grid_connected"  # SS1
    PLANNED_ISLANDING = "planned_islanding"  # T1
    UNPLANNED_ISLANDING = "unplanned_islanding"  # T2
    ISLANDED = "islanded"  # SS2
    DARK = "dark"  # POI open, bus dead, nobody forms
    BLACK_START = "black_start"  # T4
    RECONNECTION = "reconnection"  # T3
    LOCKED_OUT = "locked_out"  # a human must look; shedding, radio and page go on


class Authority(Enum):
    """How far the hub may act on its own."""

    OBSERVE = "observe"  # decides and shows, writes nothing
    AUTO = "auto"
    MANUAL = "manual"  # restoring, dispatch and reconnection wait for people; T2 and shedding stay armed


class BreakerPosition(Enum):
    """Position of a breaker, contactor or relay (IEC 61850 XCBR.Pos)."""

    INTERMEDIATE = "intermediate"
    OPEN = "open"
    CLOSED = "closed"
    BAD = "bad"  # both contacts, or neither for too long


class Difference(Enum):
    """How the two sides of an open breaker are seen to differ."""

    GRID_ALONE = "grid_alone"  # has a voltage
    BUS_ALONE = "bus_alone"
    UNEVEN = "uneven"  # both have one, and not the same
    TURNED = "turned"  # out of step


class GridVerdict(Enum):
    """What we believe of the public grid. Unknown is a state, not a guess."""

    OK = "ok"
    LOST = "lost"  # no voltage
    REJECTED = "rejected"  # there is voltage, and the grid code says not to stay on it
    UNKNOWN = "unknown"  # not measured


class GridSource(Enum):
    """Who feeds the grid side of the POI."""

    PUBLIC = "public"
    GENSET = "genset"  # a genset on an upstream transfer switch looks like a grid and is none


class InverterMode(Enum):
    """What an inverter does (SunSpec 701 DERMode, plus off and fault)."""

    OFF = "off"
    GRID_FOLLOWING = "grid_following"
    GRID_FORMING = "grid_forming"
    FAULT = "fault"


class GensetState(Enum):
    """Where a genset is in its sequence (IEC 61850 DGEN)."""

    STOPPED = "stopped"
    STARTING = "starting"  # pre-crank, cranking, warming
    READY = "ready"  # at speed, breaker open
    LOADED = "loaded"
    COOLING = "cooling"
    FAULT = "fault"


class SettingsGroup(Enum):
    """Active protection settings of the POI relay (IEC 61850 LLN0.ActSG)."""

    GRID = "grid"
    ISLAND = "island"


class Switcher(Enum):
    """Who opens or closes the POI breaker."""

    DEVICE = "device"  # an inverter that transfers by itself: we permit or forbid, watch, shed
    SYNC_RELAY = "sync_relay"  # we permit, the ANSI 25 closes
    CONTROLLER = "controller"  # we time the operation; needs one instrument that sees both sides
    OPEN_TRANSITION = "open_transition"  # no sync: forming stopped, bus proven dead, close, load in steps


class BusSide(Enum):
    """Which side of the POI breaker a feeder or source hangs on."""

    GRID_SIDE = "grid_side"
    ISLAND = "island"


class IslandEarthing(Enum):
    """How the neutral of the island is earthed (N-PE bond)."""

    PERMANENT = "permanent"
    SWITCHED_BY_US = "switched_by_us"
    SWITCHED_BY_DEVICE = "switched_by_device"


class GensetConnection(Enum):
    """Where the genset's power arrives."""

    BUS = "bus"
    INVERTER_INPUT = "inverter_input"
    UPSTREAM_ATS = "upstream_ats"
    HAND = "hand"


class ClockQuality(Enum):
    """How far the wall clock may be trusted: in a blackout there is no NTP."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    UNSET = "unset"
