"""The standard's own six thousand nodes, which every OPC UA server has: made once on a machine, not at every start.

Making them takes asyncua a second or two of a fast core, ten on a small board. It can read them from a shelf instead,
one by one as somebody asks. The shelf lies in the user's cache folder (`$XDG_CACHE_HOME`, or `~/.cache`), may be
deleted at any time, and is nowhere else than there: a server that cannot have it makes its nodes itself.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from asyncua.server.address_space import AddressSpace, NodeManagementService
from asyncua.server.standard_address_space import standard_address_space

log = logging.getLogger("hallig.opcua_space")
NAME = "nodes"  # asyncua looks for this file; what Python's shelves add to its name is theirs


def cache_folder() -> Path:
    """Of this user, for things that can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hallig"


def standard_nodes() -> Path | None:
    """A complete shelf, made when there is none; None where nothing can be written."""
    folder = cache_folder() / f"opcua-{version('asyncua')}-{sys.implementation.cache_tag}"
    if not (folder / NAME).is_file():
        try:
            _make(folder)
        except OSError as error:
            log.info("no shelf of OPC UA nodes in %s: %s", folder, error)
            return None
    return folder / NAME


def _make(folder: Path) -> None:
    """Beside its place, then moved there as a whole: nobody sees half of it, and who comes second throws his away."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    under_way = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        space = AddressSpace()
        standard_address_space.fill_address_space(NodeManagementService(space))  # type: ignore[no-untyped-call]
        space.make_aspace_shelf(under_way / NAME)
        (under_way / NAME).touch()
        try:
            under_way.rename(folder)
        except OSError:
            if not (folder / NAME).is_file():
                raise
    finally:
        shutil.rmtree(under_way, ignore_errors=True)
