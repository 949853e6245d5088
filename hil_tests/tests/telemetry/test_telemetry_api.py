"""The API tells what was measured: bounded, in its order, and with errors that help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hil_tests.tests.telemetry.samples import UNIX_S, blocks, power_name
from hil_tests.tests.web.served import web_of
from supervisor.telemetry.store import open_store


@pytest.fixture
def web(tmp_path: Path) -> Iterator[httpx.Client]:
    """Has recorded 1300 seconds."""
    store = open_store(tmp_path / "data" / "telemetry" / "telemetry.db")
    for block in blocks(1300):
        store.append(block)
    store.close()
    with web_of(tmp_path, tmp_path / "data") as address, httpx.Client(base_url=address) as client:
        while client.get("/api/v1/telemetry/channels").status_code == 503:
            pass
        yield client


def test_a_span_is_told_page_by_page(web: httpx.Client) -> None:
    asked: dict[str, int | float | str] = {"from_unix_s": UNIX_S + 120.0, "step_s": 1, "limit": 100}
    asked["channel"] = power_name()
    found, cursor = [], 0
    while cursor is not None:
        answer = web.get("/api/v1/telemetry", params={**asked, "after": cursor}).json()
        assert len(answer["points"]) <= 100
        found += [(point["boot_s"], point["values"]) for point in answer["points"]]
        cursor = answer["cursor"]
    assert found == [(float(n), [float(n)]) for n in range(120, 1300)]
    assert answer["channels"] == [{"name": power_name(), "resolution": 1.0, "words": []}]


def test_ten_minutes_are_told_by_default_and_compressed(web: httpx.Client) -> None:
    answer = web.get("/api/v1/telemetry")
    assert answer.headers["content-encoding"] == "gzip"
    assert [point["count"] for point in answer.json()["points"]] == [600, 600]
    assert answer.json()["points"][0]["clock"] == "holdover"
    assert not [each for each in answer.json()["channels"] if each["name"].endswith("fuel_l")]
    assert len(answer.json()["channels"]) == len(answer.json()["points"][0]["values"])


def test_the_channels_say_what_can_be_asked_for(web: httpx.Client) -> None:
    answer = web.get("/api/v1/telemetry/channels").json()
    assert {"name": "poi.position", "resolution": 1.0, "words": ["intermediate", "open", "closed", "bad"]} in answer[
        "channels"
    ]
    assert answer["samples"] == {"first_unix_s": UNIX_S, "last_unix_s": UNIX_S + 1299.0, "kept_count": 22}
    assert answer["means"]["kept_count"] == 2


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("step_s=7", "query.step_s"),
        ("limit=1", "query.limit: wanted at least 60"),
        ("limit=100000", "query.limit"),
        ("after=-1", "query.after: wanted at least 0"),
        ("from_unix_s=noon", "query.from_unix_s: wanted a number"),
        ("channel=" + "x" * 200, "query.channel"),
        ("&".join(["channel=a"] * 60), "query.channel"),
    ],
)
def test_wrong_parameters_are_problems(web: httpx.Client, query: str, detail: str) -> None:
    answer = web.get(f"/api/v1/telemetry?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "/docs#wrong-parameter")
    assert answer.json()["detail"].startswith(detail)


def test_a_web_without_a_folder_says_so(tmp_path: Path) -> None:
    with web_of(tmp_path) as address:
        answer = httpx.get(f"{address}/api/v1/telemetry")
        assert httpx.get(f"{address}/healthz").json()["telemetry"]["state"] == "off"
    assert (answer.status_code, answer.json()["detail"]) == (503, "This web has no --data-dir.")


def test_samples_are_told_from_bound_to_bound_and_not_by_whole_minutes(web: httpx.Client) -> None:
    asked: dict[str, int | float | str] = {"from_unix_s": UNIX_S + 130.0, "to_unix_s": UNIX_S + 146.0, "step_s": 1}
    answer = web.get("/api/v1/telemetry", params={**asked, "channel": power_name()}).json()
    assert [point["boot_s"] for point in answer["points"]] == [float(n) for n in range(130, 147)]
    assert answer["cursor"] is None
