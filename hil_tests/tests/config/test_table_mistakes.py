"""Somebody writes a device table and slips: the complaint names the point, and what it should have been."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.paths import configs_dir
from controller.config.tables import load_table
from hil_tests.tests.config.stories import Mistake, changed, judge

TABLES = configs_dir() / "devices" / "hallig_sim"
POI, IO, BATTERY, UA, SUNSPEC = "poi_relay", "io_module", "battery_inverter", "battery_opcua", "sunspec_pv"
RTU = "contactor_rtu"

MISTAKES = (
    (UA, Mistake("pause of an OPC UA server", 'protocol = "opcua"', 'protocol = "opcua"\n▶min_gap_s = 0.05',
                 "device.min_gap_s", "min_gap_s, and the protocol is opcua", "only with modbus_tcp or modbus_rtu")),
    (RTU, Mistake("one client on a serial line", 'protocol = "modbus_rtu"',
                  'protocol = "modbus_rtu"\n▶single_client = true', "device.single_client",
                  "single_client, and the protocol is modbus_rtu", "only with modbus_tcp")),
    (POI, Mistake("pause of a minute", 'protocol = "modbus_tcp"', 'protocol = "modbus_tcp"\n▶min_gap_s = 60',
                  "device.min_gap_s", "60", "at most 1")),
    (BATTERY, Mistake("curve that turns back", 'heartbeat = "battery.heartbeat"',
                      'heartbeat = "battery.heartbeat"\nshort_time = [{ load_ratio = 1.5, hold_s = 20 }, '
                      "▶{ load_ratio = 1.2, hold_s = 60 }]",
                      "device.short_time.1", "1.2 for 60 s after 1.5 for 20 s", "more load for less time")),
    (IO, Mistake("curve of what is no inverter", 'on_loss_island = "hold"',
                 'on_loss_island = "hold"\n▶short_time = [{ load_ratio = 1.5, hold_s = 20 }]',
                 "device.short_time", "a short-time curve", "only in a table that serves a battery")),
    (POI, Mistake("accuracy of nothing", "bus_frequency_hz     = { address = 8, type",
                  "bus_frequency_hz     = { address = 8, ▶accuracy = 0, type",
                  "roles.poi.points.bus_frequency_hz.accuracy", "0", "more than 0")),
    (BATTERY, Mistake("unknown protocol", 'protocol = "modbus_tcp"', '▶protocol = "modbus-tcp"', "device.protocol",
                      '"modbus-tcp"', "one of modbus_tcp", "modbus_tcp")),
    (BATTERY, Mistake("unknown evidence", 'evidence = "simulated"', '▶evidence = "simulator"', "device.evidence",
                      '"simulator"', "one of simulated, bench, field", "simulated")),
    (BATTERY, Mistake("nothing said of silence", "[device]", "▶[device]", "device.on_loss_island", "nothing",
                      "a value for 'on_loss_island'", also=(('on_loss_island = "keep_forming"\n', ""),))),
    (BATTERY, Mistake("unknown role", "[roles.battery]\n\n[roles.battery.points]", "▶[roles.batery.points]",
                      "roles.batery", "the unknown role 'batery'", "one of poi, battery", "battery",
                      also=(('heartbeat = "battery.heartbeat"\n', ""),))),
    (BATTERY, Mistake("unknown point", "soc_pct            =", "▶soc_percent        =",
                      "roles.battery.points.soc_percent", "the unknown point 'soc_percent'", "a point of a battery",
                      "soc_pct")),
    (BATTERY, Mistake("unknown key of a point", "voltage_set_v      = { address = 103, type",
                      "voltage_set_v      = { address = 103, ▶tipe", "roles.battery.points.voltage_set_v.tipe",
                      "the unknown key 'tipe'", "keys", "type")),
    (BATTERY, Mistake("unknown type", 'heartbeat          = { address = 105, type = "uint16"',
                      'heartbeat          = { address = 105, ▶type = "unit16"', "roles.battery.points.heartbeat.type",
                      '"unit16"', "one of int16", "uint16")),
    (BATTERY, Mistake("no place", "heartbeat          = { address = 105, type", "▶heartbeat          = { type",
                      "roles.battery.points.heartbeat", "no place", "one of address, model with offset, or node")),
    (BATTERY, Mistake("two places", "heartbeat          = { address = 105,",
                      "▶heartbeat          = { address = 105, model = 701, offset = 3,",
                      "roles.battery.points.heartbeat", "address and model", "one of address")),
    (SUNSPEC, Mistake("model without offset", "is_connected = { model = 701, offset = 5,",
                      "is_connected = { ▶model = 701,", "roles.pv.points.is_connected.model", "model alone",
                      "model and offset together")),
    (BATTERY, Mistake("node on Modbus", "heartbeat          = { address = 105,",
                      'heartbeat          = { ▶node = "ns=2;s=Beat",',
                      "roles.battery.points.heartbeat.node", "OPC UA", "since the protocol is modbus_tcp")),
    (UA, Mistake("address in OPC UA", 'heartbeat          = { node = "ns=2;s=Battery.Heartbeat",',
                 "heartbeat          = { ▶address = 5,", "roles.battery.points.heartbeat.address", "Modbus",
                 "since the protocol is opcua")),
    (UA, Mistake("no node id", 'node = "ns=2;s=Battery.Heartbeat",', '▶node = "ns=2;Battery.Heartbeat",',
                 "roles.battery.points.heartbeat.node", '"ns=2;Battery.Heartbeat"', "a node id, like ns=2;s=")),
    (BATTERY, Mistake("register used twice", "power_l2_w         = { address = 2",
                      "power_l2_w         = { ▶address = 1",
                      "roles.battery.points.power_l2_w.address", "1, which 'battery.power_l1_w' already uses",
                      "a register of its own")),
    (BATTERY, Mistake("32 bits over the neighbour", 'power_l2_w         = { address = 2, type = "int16"',
                      'power_l2_w         = { address = 2, type = "int32"', "roles.battery.points.power_l3_w.address",
                      "3, which 'battery.power_l2_w' already uses", "a register of its own",
                      also=(("power_l3_w         = { address", "power_l3_w         = { ▶address"),))),
    (POI, Mistake("bit used twice", "sync_permitted       = { address = 10, bit = 2",
                  "sync_permitted       = { ▶address = 10, bit = 1", "roles.poi.points.sync_permitted.address",
                  "10, which 'poi.relay_tripped' already uses", "its own")),
    (POI, Mistake("bit and whole register", "settings_group       = { address = 11,",
                  "settings_group       = { ▶address = 10,", "roles.poi.points.settings_group.address",
                  "10, which 'poi.rotation_equal' already uses", "its own")),
    (IO, Mistake("stride too small", "stride = 8", "▶stride = 5", "roles.feeder.stride", "a stride of 5",
                 "channels that lie apart")),
    (IO, Mistake("channels run into the relay", "address = 64", "▶address = 61",
                 "roles.earthing.points.position.address",
                 "61, which 'feeder.closed' already uses", "its own")),
    (IO, Mistake("beyond the last register", "local_control = { address = 67", "local_control = { ▶address = 65536",
                 "roles.safety.points.local_control.address", "65536", "at most 65535")),
    (IO, Mistake("last channel beyond the last register", "has_fault  = { address = 4",
                 "has_fault  = { ▶address = 65500", "roles.feeder.points.has_fault.address",
                 "65500, which ends at 65556", "addresses up to 65535")),
    (UA, Mistake("one node for all channels", "[roles.battery]\n", "[roles.battery]\n▶channels = 2\n",
                 "roles.battery.channels", "2 channels with one node for mode, power_l1_w", "nodes with {n}",
                 also=(('heartbeat = "battery.heartbeat"\n', ""),))),
    (BATTERY, Mistake("measured value to be written", "soc_pct            = { address = 9,",
                      'soc_pct            = { address = 9, ▶access = "rw",', "roles.battery.points.soc_pct.access",
                      '"rw"', "only read", "r")),
    (BATTERY, Mistake("order that cannot be given", "voltage_set_v      = {",
                      'voltage_set_v      = { ▶access = "r",',
                      "roles.battery.points.voltage_set_v.access", '"r"', "written", "w",
                      also=(('103, type = "uint16", scale = 0.1, access = "w", read_back = true',
                             "103, scale = 0.1"),))),
    (BATTERY, Mistake("what is polled read back beside", "soc_pct            = { address = 9,",
                      "soc_pct            = { address = 9, ▶read_back = true,",
                      "roles.battery.points.soc_pct.read_back",
                      'read_back beside access = "r"', "only at what is written and not polled")),
    (IO, Mistake("order to an input", "closed   = { address = 65, type",
                 'closed   = { address = 65, ▶space = "input", type',
                 "roles.earthing.points.closed.space", '"input"', "a space that Modbus can write", "holding")),
    (POI, Mistake("order to one bit", 'close                = { address = 101, type = "bool"',
                  'close                = { address = 101, ▶bit = 3, type = "bool"', "roles.poi.points.close.bit",
                  "bit 3", "a coil or a register of its own")),
    (POI, Mistake("truth as a number", 'dso_lock             = { address = 10, bit = 3, type = "bool"',
                  'dso_lock             = { address = 10, bit = 3, ▶type = "uint16"', "roles.poi.points.dso_lock.type",
                  '"uint16"', "true or false", "bool")),
    (BATTERY, Mistake("number as a truth", 'overload_pct       = { address = 8, type = "uint16"',
                      'overload_pct       = { address = 8, ▶type = "bool"', "roles.battery.points.overload_pct.type",
                      "bool", "is a number")),
    (POI, Mistake("number in a coil", 'heartbeat            = { address = 103, type = "uint16"',
                  'heartbeat            = { address = 103, space = "coil", ▶type = "uint16"',
                  "roles.poi.points.heartbeat.type", "in a coil", "one bit", "bool")),
    (POI, Mistake("text in registers", 'position             = { address = 0, type = "uint16"',
                  'position             = { address = 0, ▶type = "string"',
                  "roles.poi.points.position.type", '"string"', "a type with a length")),
    (POI, Mistake("words without numbers", "source               = { address = 12, type = \"uint16\", "
                  "enum = { public = 0, genset = 1 },", 'source               = { address = 12, type = "uint16",',
                  "roles.poi.points.source.enum", "no enum", "which number means public, genset",
                  also=(("source               =", "▶source               ="),))),
    (POI, Mistake("unknown word", "enum = { public = 0, genset = 1 }", "enum = { public = 0, ▶gen_set = 1 }",
                  "roles.poi.points.source.enum.gen_set", "'gen_set'", "one of public, genset", "genset")),
    (POI, Mistake("one number for two words", "enum = { public = 0, genset = 1 }", "enum = { public = 1, ▶genset = 1 }",
                  "roles.poi.points.source.enum.genset", "1, as for 'public'", "its own number")),
    (POI, Mistake("words for a number", "current_l1_a         = { address = 16,",
                  "current_l1_a         = { address = 16, ▶enum = { none = 0 },", "roles.poi.points.current_l1_a.enum",
                  "an enum", "is a number")),
    (POI, Mistake("sentinel that cannot be", "sentinel = -32768", "▶sentinel = 65535",
                  "roles.poi.points.angle_difference_deg.sentinel", "65535", "int16, -32768 to 32767")),
    (POI, Mistake("word that cannot be", "enum = { grid = 1, island = 2 }", "enum = { grid = 1, ▶island = -2 }",
                  "roles.poi.points.settings_group.enum.island", "-2", "uint16, 0 to 65535")),
    (POI, Mistake("worth nothing", "current_l1_a         = { address = 16, type = \"uint16\", scale = 0.1",
                  'current_l1_a         = { address = 16, type = "uint16", ▶scale = 0',
                  "roles.poi.points.current_l1_a.scale",
                  "0", "what one raw count is worth")),
    (POI, Mistake("least above most", "minimum = -180, maximum = 180", "▶minimum = 180, maximum = -180",
                  "roles.poi.points.angle_difference_deg.minimum", "180", "less than the maximum of -180")),
    (POI, Mistake("heartbeat that is nowhere", 'heartbeat = "poi.heartbeat"', '▶heartbeat = "poi.hartbeat"',
                  "device.heartbeat", '"poi.hartbeat"', "the id of a point", "poi.heartbeat")),
    (POI, Mistake("heartbeat that cannot be fed", 'heartbeat = "poi.heartbeat"', '▶heartbeat = "poi.position"',
                  "device.heartbeat", "cannot be written", "a point that we count up")),
)  # fmt: skip


@pytest.mark.parametrize(("table", "mistake"), MISTAKES, ids=str)
def test_a_mistake_in_a_table_is_named_where_it_stands(table: str, mistake: Mistake, tmp_path: Path) -> None:
    path, line, column = changed(TABLES / f"{table}.toml", tmp_path, (mistake.old, mistake.new), *mistake.also)
    loaded, problems = load_table(path, table)
    assert loaded is None
    judge(mistake, tuple(problems), path, line, column)


@pytest.mark.parametrize("path", sorted(TABLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_table_is_right(path: Path) -> None:
    table, problems = load_table(path, path.stem)
    assert problems == []
    assert table is not None
    assert table.source
    assert table.points
