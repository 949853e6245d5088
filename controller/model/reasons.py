"""Why something happened. Reasons are enums; the words for them live in one catalogue (de, da, en)."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """The cause of a transition, command, veto or alarm."""

    # start and recovery
    STARTED = "started"
    RECOVERED_ON_GRID = "recovered_on_grid"
    RECOVERED_ISLANDED = "recovered_islanded"
    RECOVERED_TRANSFER = "recovered_transfer"
    RECOVERED_DARK = "recovered_dark"
    RECOVERED_RECONNECTED = "recovered_reconnected"
    START_UNCLEAR = "start_unclear"  # ten seconds without enough to go by
    FOUND_MOVED = "found_moved"  # moved while we were away, intent not durable
    # the grid
    GRID_DEAD = "grid_dead"
    GRID_UNDERVOLTAGE = "grid_undervoltage"
    GRID_OVERVOLTAGE = "grid_overvoltage"
    GRID_UNDERFREQUENCY = "grid_underfrequency"
    GRID_OVERFREQUENCY = "grid_overfrequency"
    GRID_PHASE_MISSING = "grid_phase_missing"
    GRID_ROTATION = "grid_rotation"
    GRID_NOT_MEASURED = "grid_not_measured"
    GRID_METER_SILENT = "grid_meter_silent"  # not measured: its device does not answer
    GRID_MEASURED_LATE = "grid_measured_late"  # not measured in time: what there is has grown too old
    GRID_MACHINE_BUSY = "grid_machine_busy"  # the same, and our own cycle came late, too
    GRID_IS_GENSET = "grid_is_genset"
    GRID_OK = "grid_ok"
    # the transition function
    POI_OPENED_BY_ITSELF = "poi_opened_by_itself"  # relay, inverter or hand was first
    POI_PROVEN_OPEN = "poi_proven_open"
    POI_STUCK = "poi_stuck"  # ordered open, not proven open in its time
    POI_UNPROVEN = "poi_unproven"  # its contact says open, and nothing bears it out
    POI_CLOSED_UNASKED = "poi_closed_unasked"  # unintentional reconnection
    ISLAND_FORMED = "island_formed"
    ISLAND_NOT_FORMED = "island_not_formed"
    ISLAND_COLLAPSED = "island_collapsed"
    ISLAND_ASKED = "island_asked"  # leave the grid in good order
    ISLAND_TIME_OVER = "island_time_over"  # the planned island has lasted as long as it was wanted
    ISLAND_NOT_NOW = "island_not_now"  # neither on a good grid nor in an island
    ISLAND_NOT_ABLE = "island_not_able"  # the POI does not open by our order, or we could not close it again
    ISLAND_NO_FORMER = "island_no_former"  # nobody could form
    ISLAND_NOT_ASKED = "island_not_asked"  # there is no planned island to end
    ISLAND_NOT_PREPARED = "island_not_prepared"  # exchange or loads not brought down in time
    POI_DID_NOT_OPEN = "poi_did_not_open"  # by our order, beside a good grid: nothing has changed
    EARTHING_NOT_ABLE = "earthing_not_able"  # the relay that would earth the island is not seen, or was tried too often
    GENSET_RUNS = "genset_runs"
    NOT_DARK = "not_dark"  # a black start was asked for
    NOTHING_TO_START = "nothing_to_start"  # neither a battery nor a genset nor the sun
    NOT_AT_THE_HUB = "not_at_the_hub"  # a release is for who stands there and has looked
    CAUSE_REMAINS = "cause_remains"  # of a latch, or nobody knows
    LOWER_TIER_WAITS = "lower_tier_waits"  # and comes first; a person asks for it where nobody sees the charge
    CHARGE_AWAITED = "charge_awaited"  # a feeder was asked back on: the battery has to be fuller for its tier
    ROOM_AWAITED = "room_awaited"  # or its pick-up does not fit beside what is on
    FEEDER_UNSEEN = "feeder_unseen"  # or its contact does not say where it is: nobody would see it follow
    UNKNOWN_ASSET = "unknown_asset"  # nothing at this hub has the name that was asked for
    CARRIES_CONTROL = "carries_control"  # the feeder supplies our own gear or a radio: never opened on request
    NOTHING_LATCHED = "nothing_latched"  # to be released
    IN_MANUAL = "in_manual"  # which the end of observing does not end
    ON_GRID_ALREADY = "on_grid_already"  # a return was asked for
    WAITS_FOR_PERSON = "waits_for_person"  # in MANUAL, what no person has asked for
    GRID_RETURNED = "grid_returned"
    GRID_LOST_AGAIN = "grid_lost_again"  # gone, or no longer good
    GRID_UNSEEN = "grid_unseen"  # on the way back: its instrument says nothing, and it may be as good as before
    RECONNECTED = "reconnected"
    RECONNECTION_TIMEOUT = "reconnection_timeout"
    POI_WILL_NOT_CLOSE = "poi_will_not_close"
    POI_CLOSINGS_USED = "poi_closings_used"  # those of an hour: the next return waits until the oldest is an hour old
    CONTACT_REFUTED = "contact_refuted"  # it says closed beside an island: nobody would see the POI close
    SYNC_WINDOW = "sync_window"
    DEAD_BUS_RETURN = "dead_bus_return"  # a good grid closes onto a bus that is dead
    BLACK_START_BATTERY = "black_start_battery"
    BLACK_START_GENSET = "black_start_genset"
    BLACK_START_SUN = "black_start_sun"  # an all but empty battery, and enough sun
    BLACK_STARTED = "black_started"
    BLACK_START_FAILED = "black_start_failed"
    LAST_ACT = "last_act"  # our own supply ends, in good order
    SETTINGS_FOLLOW_MODE = "settings_follow_mode"
    EARTHING_FOLLOWS_MODE = "earthing_follows_mode"
    SETTINGS_NOT_FOLLOWED = "settings_not_followed"  # the POI relay was told another group of settings, and stays
    SETTINGS_LEFT = "settings_left"  # an inverter stays on settings that do not belong to the mode
    CHARGE_UNSEEN = "charge_unseen"  # no battery says how full it is
    FORMER_SILENT = "former_silent"  # who holds the island does not answer: nobody could make it follow the grid
    BUS_FUSE = "bus_fuse"  # the POI's instrument lacks a phase of the bus, and the terminals of sources show it
    GRID_FUSE = "grid_fuse"  # it lacks one of the grid that a closed breaker brings to the bus
    TWO_BONDS = "two_bonds"  # on grid, and the N-PE relay is closed as well
    # latches and people
    EMERGENCY_OFF = "emergency_off"
    LOCAL_CONTROL = "local_control"
    KEYS_UNSEEN = "keys_unseen"  # the emergency-off or the key-switch is not read
    DSO_LOCK = "dso_lock"
    OPERATOR = "operator"
    RELEASED_BY_PERSON = "released_by_person"
    MAINTENANCE_LOCK = "maintenance_lock"
    OBSERVE_ONLY = "observe_only"
    # dispatch
    PREPARED_SHED = "prepared_shed"
    OVERLOAD = "overload"
    UNDERFREQUENCY = "underfrequency"
    LOW_SOC = "low_soc"
    IMPORT_LIMITED = "import_limited"  # the network operator asks to take less (EnWG section 14a)
    RESTORE = "restore"
    PICKUP_COLLAPSE = "pickup_collapse"
    FEEDER_OVERDRAWN = "feeder_overdrawn"  # it drew many times its rating: a fault of its own
    TRIPPED = "tripped"  # opened without our order
    BY_HAND = "by_hand"  # moved in local control
    PREPARED_SURPLUS = "prepared_surplus"
    PV_SURPLUS = "pv_surplus"
    PV_FREE = "pv_free"
    PV_RETURNS = "pv_returns"  # back on grid: more only at the grid code's pace
    BATTERY_FULL = "battery_full"
    GENSET_LOW_SOC = "genset_low_soc"
    GENSET_BY_HAND = "genset_by_hand"  # somebody else has started it
    GENSET_NOT_NEEDED = "genset_not_needed"
    GENSET_GIVES_WAY = "genset_gives_way"  # the bus has to be dead before the island can be earthed
    GENSET_FEEDS_STREET = "genset_feeds_street"  # beside the grid, and power leaves through the POI
    GENSET_ATTEMPTS_USED = "genset_attempts_used"
    GENSET_FAULT = "genset_fault"
    GENSET_OVERDUE = "genset_overdue"  # it starts, or is ready, and takes no load
    SELF_CONSUMPTION = "self_consumption"
    # devices and shell
    DEVICE_LOST = "device_lost"
    DEVICE_BACK = "device_back"
    DEVICE_IMPLAUSIBLE = "device_implausible"  # not what its table describes: quarantined
    READINGS_DOUBTED = "readings_doubted"  # single samples that nothing bore out
    ANGLE_DOUBTED = "angle_doubted"  # it does not move as the two frequencies say
    CONTACT_DOUBTED = "contact_doubted"  # the POI's contact against the voltages beside it
    POWER_UNBALANCED = "power_unbalanced"  # the meters of the hub do not add up
    PHASES_DOUBTED = "phases_doubted"  # three phases against their own total
    SOC_DOUBTED = "soc_doubted"  # charge against counted energy
    FEEDER_STAYS_ON = "feeder_stays_on"  # told to be open, and seen closed
    NOT_FOLLOWED = "not_followed"  # a command that physics did not follow
    JOURNAL_DEGRADED = "journal_degraded"
    JOURNAL_BACK = "journal_back"
    EVENTS_LOST = "events_lost"  # they found no room in the queue
    JOURNAL_HELD = "journal_held"  # another controller writes into its folder
    JOURNAL_MISSING = "journal_missing"  # deleted or replaced: a new one begun
    JOURNAL_SET_ASIDE = "journal_set_aside"  # damaged: kept under another name, a new one begun
    NO_DESCRIPTORS = "no_descriptors"  # no file or connection can be opened any more: EMFILE
    MEMORY_LOST = "memory_lost"  # of latches and attempts nothing could be read
    INTENT_NOT_DURABLE = "intent_not_durable"
    CORE_FAILED = "core_failed"
    DECIDED_LATE = "decided_late"  # the decision took so long that its orders were not written
    RADIO_DOWN = "radio_down"
    RADIO_UP = "radio_up"
    # vetoes of the guard
    VETO_NOT_PROVEN_OPEN = "veto_not_proven_open"
    VETO_OUT_OF_SYNC = "veto_out_of_sync"
    VETO_GRID_NOT_OK = "veto_grid_not_ok"
    VETO_STALE = "veto_stale"
    VETO_ISLAND_SETTINGS = "veto_island_settings"
    VETO_SECOND_FORMER = "veto_second_former"
    VETO_NO_EARTHING = "veto_no_earthing"
    VETO_NOT_OURS = "veto_not_ours"
    VETO_HAMMERING = "veto_hammering"
    VETO_OUT_OF_RANGE = "veto_out_of_range"
    VETO_TIER_ORDER = "veto_tier_order"
    VETO_LOCKED_OUT = "veto_locked_out"
    VETO_OBSERVE = "veto_observe"
    VETO_EMERGENCY_OFF = "veto_emergency_off"
    VETO_FEEDS_STREET = "veto_feeds_street"
    VETO_CARRIES_CONTROL = "veto_carries_control"
    VETO_ATTEMPTS_USED = "veto_attempts_used"


class EventKind(Enum):
    """What kind of entry a journal line is."""

    STARTED = "started"
    RECOVERED = "recovered"
    MODE_CHANGED = "mode_changed"
    GRID_VERDICT = "grid_verdict"
    GRID_FLICKERED = "grid_flickered"  # not measured for moments: counted, not told one by one
    ORDERED_OPEN = "ordered_open"
    ORDERED_CLOSE = "ordered_close"
    ORDERED_FORM = "ordered_form"
    ORDERED_FOLLOW = "ordered_follow"
    ORDERED_STOP = "ordered_stop"
    ORDERED_CRANK = "ordered_crank"
    LIMITED = "limited"
    SHED = "shed"
    RESTORED = "restored"
    POSITION_CHANGED = "position_changed"
    CONTACT_MEASURED = "contact_measured"  # of the POI, as its instrument saw the closing
    LATCHED = "latched"
    RELEASED = "released"
    REQUESTED = "requested"
    REQUEST_REFUSED = "request_refused"
    PLANNED_OVER = "planned_over"  # the wish for a planned island has ended by itself
    DIMMED = "dimmed"  # the network operator asks for less import
    DIMMING_OVER = "dimming_over"
    VETOED = "vetoed"
    ALARM = "alarm"
    ALARM_CLEARED = "alarm_cleared"
    DEVICE = "device"
    JOURNAL = "journal"
    FALLBACK = "fallback"
