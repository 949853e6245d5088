"""`python -m hil_tests.faults.flood RUN_DIR COUNT`: so many clients ask a controller without pause, until killed."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path

from controller.socket_client import SocketClient


def ask_without_pause(run_dir: Path, number: int) -> None:
    """Every question that costs something: the journal, and a method that there is not."""
    client = SocketClient(run_dir, timeout_s=0.5)
    while True:
        with contextlib.suppress(OSError, ValueError):
            client.ask(method="events", limit=500)
            client.ask(method=f"nonsense {number}")


if __name__ == "__main__":
    threads = [
        threading.Thread(target=ask_without_pause, args=(Path(sys.argv[1]), number), daemon=True)
        for number in range(int(sys.argv[2]))
    ]
    for thread in threads:
        thread.start()
    threads[0].join()
