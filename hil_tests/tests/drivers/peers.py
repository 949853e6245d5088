"""Modbus devices on a library that nobody here wrote: two small ones in C, and libmodbus' own misbehaving one.

They need `gcc` and Debian's `libmodbus-dev`; where those are missing the tests are skipped and say so, and
with CI set they fail.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hil_tests.servers.ports import free_port
from hil_tests.tests.missing import skip

EXAMPLES = Path(os.environ.get("HALLIG_LIBMODBUS_EXAMPLES", "/usr/share/doc/libmodbus-dev/examples"))
EVIL_PORT = "1502"  # in its source, and one of a kind: two workers' tests would meet there

TCP_SERVER = """
#include <modbus.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **words) {
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", atoi(words[1]));
    modbus_mapping_t *map = modbus_mapping_new(32, 32, 64, 64);
    for (int i = 0; i < 64; i++) { map->tab_registers[i] = 100 + i; map->tab_input_registers[i] = 200 + i; }
    map->tab_input_bits[3] = 1;
    int listening = modbus_tcp_listen(ctx, 1);
    if (listening < 0) return 1;
    for (;;) {
        modbus_tcp_accept(ctx, &listening);
        for (int got; (got = modbus_receive(ctx, query)) >= 0;) if (got > 0) modbus_reply(ctx, query, got, map);
        modbus_close(ctx);
    }
}
"""
RTU_SERVER = """
#include <modbus.h>
#include <stdlib.h>
int main(int count, char **words) {
    uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
    modbus_t *ctx = modbus_new_rtu(words[1], 19200, 'N', 8, 1);
    modbus_set_slave(ctx, 7);
    modbus_mapping_t *map = modbus_mapping_new(32, 32, 64, 64);
    for (int i = 0; i < 64; i++) map->tab_registers[i] = 300 + i;
    if (modbus_connect(ctx) < 0) return 1;
    for (;;) {
        int got = modbus_receive(ctx, query);
        if (got > 0) modbus_reply(ctx, query, got, map);
    }
}
"""


def evil_server(folder: Path) -> tuple[Path, int]:
    """libmodbus' own misbehaving server as Debian ships it, but for its port, which is free; or a skipped test."""
    source = EXAMPLES / "unit-test-server.c"
    if not source.exists():
        skip(f"{source} is missing: dpkg was told to leave documentation out; `.ci/run` unpacks it")
    text, port = source.read_text(encoding="utf-8"), free_port()
    assert EVIL_PORT in text, "another release of libmodbus"
    return compiled(folder, "evil", text.replace(EVIL_PORT, str(port))), port


def compiled(folder: Path, name: str, source: str) -> Path:
    """A program of a C source, or a skipped test."""
    if shutil.which("gcc") is None or not Path("/usr/include/modbus/modbus.h").exists():
        skip("gcc or libmodbus-dev is not installed")
    file = folder / f"{name}.c"
    file.write_text(source, encoding="utf-8")
    program = folder / name
    command = ["gcc", "-w", "-I/usr/include/modbus", f"-I{EXAMPLES}", str(file), "-o", str(program), "-lmodbus"]
    subprocess.run(command, check=True, timeout=30)
    return program


@contextmanager
def started(*command: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program for as long as the test needs it."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([str(word) for word in command], stdout=quiet, stderr=quiet)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def is_listening(port: int) -> bool:
    """Asked of the kernel: a device with room for one would take a look for its client."""
    table = Path("/proc/net/tcp").read_text(encoding="ascii")
    return re.search(rf": 0100007F:{port:04X} 00000000:0000 0A ", table) is not None


class Cable:
    """Two pseudo-terminals and what carries bytes between them; pulled out with `stop`."""

    def __init__(self) -> None:
        self._ends = [os.openpty(), os.openpty()]
        for _, theirs in self._ends:
            tty.setraw(theirs)
        self.names = [os.ttyname(theirs) for _, theirs in self._ends]
        self._is_running = True
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _carry(self) -> None:
        ours = [end for end, _ in self._ends]
        while self._is_running:
            for end in select.select(ours, [], [], 0.02)[0]:
                os.write(ours[1 - ours.index(end)], os.read(end, 512))

    def stop(self) -> None:
        self._is_running = False
        self._thread.join()
        for ours, theirs in self._ends:
            os.close(ours)
            os.close(theirs)
