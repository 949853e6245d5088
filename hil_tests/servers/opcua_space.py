"""The standard's own six thousand nodes, which every OPC UA server has: made once on a machine, not at every start.

Making them takes asyncua a second or two of a fast core, ten on a small board. It can read them from a shelf instead,
one by one as somebody asks. The shelf lies in the user's cache folder (`$XDG_CACHE_HOME`, or `~/.cache`), may be
deleted at any time, and is nowhere else than there: a server that cannot have it makes its nodes itself.
"""

from __future__ import annotations

import logging
import os
import shelve
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from asyncua.server.address_space import AddressSpace, NodeManagementService
from asyncua.server.standard_address_space import standard_address_space

log = logging.getLogger("hallig.opcua_space")
NAME = "nodes"  # asyncua looks for this file; what Python's shelves add to its name is theirs
LAST = "whole"  # no node's id, and written when all nodes are


def cache_folder() -> Path:
    """Of this user, for things that can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hallig"


def standard_nodes() -> Path | None:
    """A complete shelf, made when there is none; None where nothing can be written."""
    folder = cache_folder() / f"opcua-{version('asyncua')}-{sys.implementation.cache_tag}"
    if not _is_whole(folder):
        try:
            _make(folder)
        except OSError as error:
            log.info("no shelf of OPC UA nodes in %s: %s", folder, error)
            return None
    return folder / NAME


def _is_whole(folder: Path) -> bool:
    """What was written last can be read. A power cut, or somebody who tidies caches, may have left half of it."""
    try:
        with shelve.open(str(folder / NAME), "r") as shelf:
            return (folder / NAME).is_file() and shelf.get(LAST) is not None
    except Exception:  # as many kinds as there are databases below
        return False


def _make(folder: Path) -> None:
    """Beside its place, then moved there as a whole: nobody sees half of it, and who comes second throws his away.

    Half of one that lies there is moved out of the way.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    under_way = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    whole = under_way / "whole"
    try:
        whole.mkdir()
        space = AddressSpace()
        standard_address_space.fill_address_space(NodeManagementService(space))  # type: ignore[no-untyped-call]
        space.make_aspace_shelf(whole / NAME)
        with shelve.open(str(whole / NAME), "w") as shelf:
            shelf[LAST] = True
        (whole / NAME).touch()
        if folder.exists() and not _is_whole(folder):
            folder.rename(under_way / "half")
        try:
            whole.rename(folder)
        except OSError:
            if not _is_whole(folder):
                raise
    finally:
        shutil.rmtree(under_way, ignore_errors=True)
