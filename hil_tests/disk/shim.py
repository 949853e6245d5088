"""The preloaded disk of `shim.c`: compiled where it is needed, into a folder of the caller's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")


def has_compiler() -> bool:
    """Debian: `apt install gcc libc6-dev`."""
    return shutil.which("gcc") is not None


def compiled(into: Path) -> Path:
    """The library. Raises CalledProcessError with what the compiler said."""
    library = into / "disk.so"
    if not library.exists():
        command = ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
        subprocess.run([*command, "-ldl", "-lpthread"], check=True, capture_output=True, text=True)
    return library


def environment(library: Path, folder: Path, **settings: object) -> Mapping[str, str]:
    """For a process whose disk this is; settings as `sync_ms=2000`, `log=...`, `full=...`: see there."""
    named = {f"HALLIG_DISK_{name.upper()}": str(value) for name, value in settings.items()}
    return {**os.environ, "LD_PRELOAD": str(library), "HALLIG_DISK_FOLDER": str(folder), **named}
