"""An OPC UA server in a process of its own, to be measured against and to be killed.

`python -m hil_tests.benchmarks.opcua_server PORT COUNT [FOLDER POLICY]`: numbers that change five times a second; with
a folder, the keys in it. Says "ready" when it listens.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from asyncua import ua

from hil_tests.servers.opcua_keys import Keys, new_server, secure

CHANGE_S = 0.2

logging.getLogger("asyncua").setLevel(logging.CRITICAL)


def node_name(number: int) -> str:
    """Of one of its variables."""
    return f"ns=2;s=Value{number}"


def url_of(port: int) -> str:
    """Where it is."""
    return f"opc.tcp://127.0.0.1:{port}/hallig/"


async def _serve(port: int, count: int, keys: Keys | None) -> None:
    server = new_server(keys)
    await server.init()
    server.set_endpoint(url_of(port))
    await secure(server, keys)
    await server.register_namespace("urn:hallig:benchmark")
    nodes = [ua.NodeId.from_string(node_name(number)) for number in range(count)]
    for number, node in enumerate(nodes):
        await server.nodes.objects.add_variable(node, f"Value{number}", ua.Variant(0.0, ua.VariantType.Double))
    await server.start()
    print("ready", flush=True)
    turn = 0
    while True:
        turn += 1
        for node in nodes:
            await server.write_attribute_value(node, ua.DataValue(ua.Variant(float(turn), ua.VariantType.Double)))
        await asyncio.sleep(CHANGE_S)


if __name__ == "__main__":
    folder = Path(sys.argv[3]) if sys.argv[3:] else None
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), None if folder is None else Keys.of(folder, sys.argv[4])))
