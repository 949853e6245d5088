"""The standard's nodes: made once, never half, and missed by nobody when they cannot be kept."""

from __future__ import annotations

import shelve
from pathlib import Path

import pytest
from asyncua.client.client import Client
from asyncua.ua.object_ids import ObjectIds

from hil_tests.servers import opcua_space
from hil_tests.tests.servers.benches import served

FILL = "asyncua.server.standard_address_space.standard_address_space.fill_address_space"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "hallig"


@pytest.fixture
def few_nodes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Filling with nothing at all is quick, and can be counted."""
    made: list[int] = []
    monkeypatch.setattr(FILL, lambda _service: made.append(1))
    return made


def test_they_are_made_once(cache: Path, few_nodes: list[int]) -> None:
    first = opcua_space.standard_nodes()
    assert first is not None
    assert first.is_relative_to(cache)
    assert opcua_space.standard_nodes() == first
    assert few_nodes == [1]
    with shelve.open(str(first), "r") as shelf:
        assert list(shelf) == [opcua_space.LAST]
    assert [path.name for path in cache.iterdir()] == [first.parent.name], "nothing half made is left"


def test_who_comes_second_takes_what_is_there(
    cache: Path, few_nodes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opcua_space.standard_nodes()
    assert made is not None
    (made.parent / "mark").touch()
    is_whole = opcua_space._is_whole
    monkeypatch.setattr(opcua_space, "_is_whole", lambda folder: len(few_nodes) == 2 and is_whole(folder))
    monkeypatch.setattr(Path, "exists", lambda _: False)  # as it was when he began
    assert opcua_space.standard_nodes() == made
    assert few_nodes == [1, 1], "both have made them"
    assert (made.parent / "mark").is_file()
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("lost", ["nodes", "nodes.*", "*"])
def test_half_of_it_is_made_anew(cache: Path, few_nodes: list[int], lost: str) -> None:
    made = opcua_space.standard_nodes()
    assert made is not None
    for path in made.parent.glob(lost):
        path.write_bytes(b"") if lost == "nodes.*" else path.unlink()
    assert opcua_space.standard_nodes() == made
    assert few_nodes == [1, 1] if list(made.parent.glob("nodes.*")) or lost != "nodes.*" else [1]
    assert opcua_space.standard_nodes() == made
    assert [path.name for path in cache.iterdir()] == [made.parent.name]


def test_a_making_that_fails_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_service: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FILL, full)
    assert opcua_space.standard_nodes() is None
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("is_kept", [True, False])
async def test_a_server_with_or_without_a_shelf_has_them(cache: Path, is_kept: bool) -> None:
    if not is_kept:
        spoil(cache)
    async with served(absent=["radio_mesh_node"]) as hub:
        client = Client(hub.place("inverter_second", "url"), timeout=5)
        async with client:
            assert await client.get_node(ObjectIds.Server_NamespaceArray).read_value()
            names = {(await node.read_browse_name()).Name for node in await client.nodes.types.get_children()}
            assert {"DataTypes", "ObjectTypes", "VariableTypes"} <= names


def spoil(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
