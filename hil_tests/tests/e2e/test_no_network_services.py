"""No DHCP, no DNS, no network time: in a blackout nobody hands out addresses, and nobody knows names. Real processes.

The machine and its devices have fixed addresses. Python tells a hook of every name that is looked up and of every
address that is spoken to, whichever library does it; the hook lets no name be found.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hil_tests.tests.e2e.test_processes import Village, village

__all__ = ["village"]
ALONE = """
import ipaddress
import sys

sys.modules["uvloop"] = None  # it looks names up behind Python's back

def hear(event, about):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr") and about[0] is not None:
        try:
            ipaddress.ip_address(about[0])
        except ValueError:
            tell(f"looked up {about[0]}")
            raise OSError("nobody answers for names") from None
    elif event in ("socket.connect", "socket.sendto", "socket.bind") and isinstance(about[1], tuple):
        tell(f"{event[7:]} {about[1][0]} {about[1][1]}")

def tell(line):
    with open(FILE, "a") as file:
        file.write(line + "\\n")

FILE = sys.argv.pop(1)
sys.addaudithook(hear)
from controller.cli import main
sys.exit(main())
"""


def program(heard: Path) -> list[str]:
    return [sys.executable, "-c", ALONE, str(heard)]


async def test_a_controller_that_finds_no_name_serves_its_hub(village: Village) -> None:
    await village.start()
    heard = village.folder / "heard"
    village.run_controller(program=program(heard))
    await village.until_mode("grid_connected")
    await village.until(lambda: all(device["is_up"] for device in village.status["devices"]))
    village.plant.grid.blackout()
    await village.until_mode("islanded")
    lines = heard.read_text().splitlines()
    spoken_to = {line.split()[1] for line in lines}
    assert spoken_to == {"127.0.0.1"}, "its devices, where the site says, and nobody else"
    ports = {line.split()[2] for line in lines}
    assert ports <= ports_of(village.folder / "overrides.json"), "no name server, no time server, no broadcast"


async def test_a_device_with_a_name_is_lost_where_nobody_answers_for_names(village: Village) -> None:
    """And costs the others nothing."""
    await village.start()
    path = village.folder / "overrides.json"
    overrides = json.loads(path.read_text())
    overrides["inverter_school"]["host"] = "localhost"  # any other name is of a real hub, which has a real grid code
    path.write_text(json.dumps(overrides))
    heard = village.folder / "heard"
    village.run_controller(program=program(heard))
    await village.until_mode("grid_connected")
    await village.until(lambda: sum(not device["is_up"] for device in village.status["devices"]) == 1)
    assert [device["name"] for device in village.status["devices"] if not device["is_up"]] == ["inverter_school"]
    assert "looked up localhost" in heard.read_text()


def ports_of(overrides: Path) -> set[str]:
    places = json.loads(overrides.read_text()).values()
    urls = [place["url"].split("/")[2].rpartition(":")[2] for place in places if "url" in place]
    return {str(place["port"]) for place in places if "port" in place} | set(urls)
