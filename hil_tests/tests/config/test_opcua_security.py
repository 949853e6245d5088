"""Somebody sets up the security of an OPC UA device: every file that does not serve is named, and what it should be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from controller.config.errors import Problem
from controller.config.load import examine
from controller.config.paths import configs_dir
from hil_tests.servers.opcua_keys import Keys, new_keys

DEVICE = "inverter_second"
HUB = configs_dir() / "hubs" / "musterhallig.toml"
PKCS8 = PrivateFormat.PKCS8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Making keys takes a while, copying them none."""
    folder = tmp_path_factory.mktemp("keys")
    new_keys(folder)
    return folder


@pytest.fixture
def keys(made: Path, tmp_path: Path) -> Keys:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Keys.of(tmp_path, "Basic256Sha256")


def found_in(tmp_path: Path, keys: Keys, **changes: object) -> list[Problem]:
    """What is wrong with a site beside whose file these keys lie."""
    said = {key: Path(str(value)).name if "/" in str(value) else value for key, value in keys.override.items()}
    said = {key: value for key, value in {**said, **changes}.items() if value is not None}
    table = ", ".join(f'{key} = "{value}"' for key, value in said.items())
    text = HUB.read_text(encoding="utf-8").replace(
        f"[devices.{DEVICE}]\n", f"[devices.{DEVICE}]\nsecurity = {{ {table} }}\n"
    )
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    return [problem for problem in examine(tmp_path / "site.toml").problems if problem.key.startswith("devices.")]


def test_a_sound_set_is_read_from_beside_the_site_file(tmp_path: Path, keys: Keys) -> None:
    assert found_in(tmp_path, keys) == []
    site = examine(tmp_path / "site.toml").site
    assert site is not None
    assert site.devices[DEVICE].security == keys.security


def no_certificate(keys: Keys) -> None:
    keys.hub.certificate.write_text("nothing of the kind")


def no_server_certificate(keys: Keys) -> None:
    keys.server.certificate.unlink()


def no_key(keys: Keys) -> None:
    keys.hub.private_key.write_bytes(b"-----BEGIN NONSENSE-----")


def a_locked_key(keys: Keys) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keys.hub.private_key.write_bytes(key.private_bytes(Encoding.PEM, PKCS8, BestAvailableEncryption(b"x")))


def a_short_key(keys: Keys) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    keys.hub.private_key.write_bytes(key.private_bytes(Encoding.PEM, PKCS8, NoEncryption()))


def another_kind_of_key(keys: Keys) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    keys.hub.private_key.write_bytes(key.private_bytes(Encoding.DER, PKCS8, NoEncryption()))


def another_key(keys: Keys) -> None:
    keys.hub.private_key.write_bytes(keys.server.private_key.read_bytes())


def an_empty_password(keys: Keys) -> None:
    keys.password_file.write_text("\n")


@pytest.mark.parametrize(
    ("spoil", "key", "words"),
    [
        (no_certificate, "certificate", "no certificate in"),
        (no_server_certificate, "server_certificate", "No such file"),
        (no_key, "private_key", "no private key in"),
        (a_locked_key, "private_key", "a key with a password"),
        (a_short_key, "private_key", "1024 bits"),
        (another_kind_of_key, "private_key", "another kind of key"),
        (another_key, "private_key", "the key of another certificate"),
        (an_empty_password, "password_file", "nothing in the first line"),
    ],
)
def test_a_file_that_does_not_serve(
    tmp_path: Path, keys: Keys, spoil: Callable[[Keys], None], key: str, words: str
) -> None:
    spoil(keys)
    problems = [str(problem) for problem in found_in(tmp_path, keys)]
    assert any(f"devices.{DEVICE}.security.{key}: found" in line and words in line for line in problems), problems


def test_a_user_needs_a_password_and_a_password_a_user(tmp_path: Path, keys: Keys) -> None:
    assert [each.found for each in found_in(tmp_path, keys, password_file=None)] == ["a user alone"]
    assert [each.found for each in found_in(tmp_path, keys, user=None)] == ["a password_file alone"]


def test_an_old_policy_is_refused_and_the_right_one_named(tmp_path: Path, keys: Keys) -> None:
    (problem,) = found_in(tmp_path, keys, policy="Basic256")
    assert problem.key == f"devices.{DEVICE}.security.policy"
    assert "Basic256Sha256" in problem.wanted


def test_a_certificate_that_has_run_out_warns_and_no_more(tmp_path: Path) -> None:
    keys = new_keys(tmp_path, server_ended_d=3)
    (warning,) = found_in(tmp_path, keys)
    assert str(warning).count("warning: ") == 1
    assert warning.key == f"devices.{DEVICE}.security.server_certificate"
    assert examine(tmp_path / "site.toml").site is not None


def test_a_secret_that_others_may_read_warns(tmp_path: Path, keys: Keys) -> None:
    keys.password_file.chmod(0o644)
    (warning,) = found_in(tmp_path, keys)
    assert "others may read" in warning.found


def test_a_user_in_the_address_would_stand_in_every_log(tmp_path: Path) -> None:
    text = HUB.read_text(encoding="utf-8").replace("opc.tcp://192.0.2.12", "opc.tcp://hub:secret@192.0.2.12")
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    (problem,) = (each for each in examine(tmp_path / "site.toml").problems if each.key == f"devices.{DEVICE}.url")
    assert problem.found == "a user in the address"


def test_security_of_a_modbus_device_misleads(tmp_path: Path, keys: Keys) -> None:
    found_in(tmp_path, keys)
    text = (tmp_path / "site.toml").read_text().replace(f"[devices.{DEVICE}]", "[devices.other]")
    line = next(line for line in text.splitlines() if line.startswith("security"))
    text = HUB.read_text(encoding="utf-8").replace("[devices.poi_relay]\n", f"[devices.poi_relay]\n{line}\n")
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    (problem,) = (each for each in examine(tmp_path / "site.toml").problems if "poi_relay" in each.key)
    assert problem.found == "the key 'security'"


def test_devices_of_one_server_are_known_in_one_way(tmp_path: Path, keys: Keys) -> None:
    found_in(tmp_path, keys)
    text = (tmp_path / "site.toml").read_text()
    radio = next(line for line in text.splitlines() if line.startswith("url") and "192.0.2.12" not in line)
    (tmp_path / "site.toml").write_text(text.replace(radio, 'url = "opc.tcp://192.0.2.12:4840/hallig/"'))
    (problem,) = (each for each in examine(tmp_path / "site.toml").problems if each.key.startswith("devices."))
    assert problem.key == "devices.radio_mesh_node.security"
    assert "they share a connection" in problem.wanted


def test_a_real_server_without_security_warns(tmp_path: Path) -> None:
    text = HUB.read_text(encoding="utf-8").replace("192.0.2.12", "10.1.2.12").replace("demo_short", "de_lv_2018")
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    warnings = [each for each in examine(tmp_path / "site.toml").problems if each.found.endswith("without security")]
    assert {each.key for each in warnings} >= {f"devices.{DEVICE}"}
