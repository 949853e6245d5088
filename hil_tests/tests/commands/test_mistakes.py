"""Whatever a newcomer mistypes, one line says what is wrong and what to try; the exit code says which kind it is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.cli import COMMANDS
from controller.folder_lock import FolderLock
from controller.whereabouts import Whereabouts, write_whereabouts
from hil_tests.tests.commands.terminal import Terminal
from hil_tests.tests.commands.village import HALLIG, hallig

NEWCOMERS = [
    (["dmeo"], 2, "Did you mean 'hallig demo'?"),
    (["frobnicate"], 2, "there are demo, check"),
    (["--jsn"], 2, "'--jsn' stands before the command"),
    (["status", "--lnie"], 2, "did you mean '--line'?"),
    (["observe", "onn"], 2, "did you mean 'on'?"),
    (["observe"], 2, "missing: on|off"),
    (["check"], 2, "missing: SITE"),
    (["status", "--last", "3"], 2, "unknown: --last. See"),
    (["status", "--run-dir"], 2, "--run-dir needs a value"),
    (["supervise", "musterhallig", "--port", "eighty"], 2, "--port takes a whole number, not 'eighty'"),
    (["demo", "--grid-s", "long"], 2, "--grid-s takes a number, not 'long'"),
    (["check", "village"], 2, "village: site: found 'village', wanted a site file or one of hybridhof, musterhallig"),
    (["check", "configs"], 2, "configs: file: found a folder, wanted a readable TOML file"),
    (["check", "configs/hubs/nowhere.toml"], 2, "nowhere.toml: file: found no such file"),
    (["status", "--run-dir", "README.md"], 3, "README.md is a file, not a run folder"),
    (["run", "musterhallig", "--run-dir", "README.md"], 1, "README.md is a file, not a folder"),
    (["read", ".soc_pct", "musterhallig"], 2, "no asset or device ''. Assets: poi"),
    (["bench", "report", "nowhere"], 2, "hallig: nowhere/results.json: No such file or directory. A report is"),
    (["bench", "run", "README.md"], 2, "README.md is no scenario. A scenario is a TOML file"),
    (["bench", "run", "docs/"], 2, "there is no scenario in docs"),
    (["check", "musterhalig"], 2, "did you mean 'musterhallig'?"),
    (["check", "."], 2, "wanted a readable TOML file"),
    (["run", "nowhere.toml"], 2, "wanted a readable TOML file"),
    (["run", "musterhallig", "--overrides", "nowhere.json"], 2, "JSON object by device"),
    (["run", "musterhallig", "--overrides", "README.md"], 2, "it is no JSON from line 1, column 1 on"),
    (["run", "musterhallig", "--overrides", "docs/images/page-normal-da.png"], 2, "it is not text in UTF-8"),
    (["status", "musterhalig"], 2, "Did you mean 'musterhallig'?"),
    (["status", "."], 2, "is a folder, not a site file"),
    (["status", "nowhere.toml"], 2, "cannot be read: No such file"),
    (["status"], 3, "Start one with 'hallig run SITE'"),
    (["status", "musterhallig"], 3, "Try 'hallig run musterhallig'"),
    (["read", "poi.position"], 3, "no controller has run here"),
    (["read", "poi.positoin", "musterhallig"], 2, "did you mean poi.position?"),
    (["read", "battery.soc_pct", "musterhallig"], 2, "battery_main, battery_second"),
    (["read", "nothing", "musterhallig"], 2, "no asset or device 'nothing'"),
    (["observe", "on"], 3, "no controller has run here"),
    (["events", "--data-dir", "/nowhere"], 3, "there is no journal /nowhere/journal.db"),
    (["explain", "25:00", "--data-dir", "/nowhere"], 3, "there is no journal"),
    (["explain", "banana", "apple"], 2, "'banana' is no time"),
    (["events", "--since", "yesterday"], 2, "'yesterday' is no time"),
    (["supervise", "musterhallig", "--port", "70000"], 2, "--port 70000 is no port"),
    (["demo", "--island-s", "-5"], 2, "seconds above zero"),
    (["status", "--run-dir", "nowhere"], 3, "Start one there with 'hallig run SITE --run-dir nowhere'"),
    (["status", "--run-dir", "configs"], 3, "no controller has run in configs"),
    (["events", "--run-dir", "nowhere"], 3, "there is no folder nowhere"),
    (["explain", "--run-dir", "nowhere"], 3, "there is no folder nowhere"),
    (["journal", "verify", "--run-dir", "nowhere"], 3, "there is no folder nowhere"),
    (["observe", "on", "--run-dir", "nowhere"], 3, "there is no folder nowhere"),
    (["read", "poi.position", "--run-dir", "nowhere"], 3, "name its site file, as SITE, to ask the device itself"),
    (["status", "--line", "--watch"], 2, "not allowed with argument"),
    *(
        ([*words, "--bogus"], 2, f"hallig: unknown: --bogus. See 'hallig {' '.join(words)} --help'.")
        for words in (
            ["check"],
            ["run"],
            ["ask"],
            ["island"],
            ["bench", "compare"],
            ["bench", "fuzz"],
            ["bench", "run"],
        )
    ),
    (["bench", "run", "--tiers", "t0"], 2, "unknown: --tiers; did you mean '--tier'? See 'hallig bench run --help'."),
    (["check", "--jsn"], 2, "unknown: --jsn; did you mean '--json'?"),
    (["check", "-q"], 2, "unknown: -q"),
    (["bench", "--bogus"], 2, "unknown: --bogus. See 'hallig bench --help'."),
]


@pytest.mark.parametrize("text", ["[1, 2]", '{"poi_relay": 5}', "7"])
def test_overrides_of_another_form_are_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "overrides.json").write_text(text)
    done = hallig("run", "musterhallig", "--overrides", str(tmp_path / "overrides.json"))
    assert (done.returncode, "it is JSON of another form" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(("words", "code", "says"), NEWCOMERS, ids=[" ".join(words) for words, _, _ in NEWCOMERS])
def test_a_mistake_is_told_in_a_line_that_helps(words: list[str], code: int, says: str, tmp_path: Path) -> None:
    done = hallig(*words, root=tmp_path)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) <= 3
    assert not re.search(r"Errno|Input should|[a-z]Error\b|Exception", done.stderr), "a library's words"


def test_with_json_the_mistake_is_a_document_too(tmp_path: Path) -> None:
    refused = hallig("status", "--json", root=tmp_path)
    assert json.loads(refused.stdout)["error"]["code"] == "no_contact"
    wrong = json.loads(hallig("check", "musterhalig", "--json").stdout)
    assert wrong["errors"][0]["hint"] == "musterhallig"


def test_several_hubs_are_listed_by_name(tmp_path: Path) -> None:
    for name in ("osterwarf", "westerwarf"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pid").touch()
    done = hallig("status", root=tmp_path)
    assert done.returncode == 2
    assert "osterwarf (not running), westerwarf (not running)" in done.stderr


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """A run folder as the first instants of a controller leave it: held, and without a state."""
    folder.mkdir()
    (folder / "pid").touch()
    lock = FolderLock(folder)
    lock.take()
    yield
    lock.release()


def test_a_controller_that_is_starting_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    with held(tmp_path / "warf"):
        for words in (["status"], ["status", "--line"], ["observe", "on"], ["events"], ["read", "poi.position"]):
            done = hallig(*words, root=tmp_path)
            assert (done.returncode, "is starting" in done.stderr) == (3, True), done.stderr
            assert "hallig run" not in done.stderr, "who is starting need not be started"
        watch = Terminal(tmp_path, "status", "--watch")
        watch.until("holds the folder")  # the line is broken where the path is long
        assert watch.close() == 0


def test_who_ran_is_started_again_by_his_own_site_file(tmp_path: Path) -> None:
    folder = tmp_path / "r 2"
    folder.mkdir()
    write_whereabouts(folder, Whereabouts("westerwarf", tmp_path / "site.toml", tmp_path / "data"))
    done = hallig("status", "--run-dir", str(folder))
    line = f"hallig run {tmp_path}/site.toml --run-dir '{folder}' --data-dir {tmp_path}/data"
    assert (done.returncode, line in done.stderr) == (3, True), done.stderr


def test_a_hub_and_the_run_folder_of_another_are_not_mixed_up(tmp_path: Path) -> None:
    """Who says `observe on` for one hub must not quieten another."""
    write_whereabouts(tmp_path, Whereabouts("westerwarf", tmp_path / "site.toml", tmp_path / "data"))
    for words in (["status"], ["observe", "on"], ["events"], ["explain"], ["read", "poi.position"]):
        done = hallig(*words, "musterhallig", "--run-dir", str(tmp_path))
        assert (done.returncode, "is that of 'westerwarf', not of 'musterhallig'" in done.stderr) == (2, True), words
    assert hallig("status", "westerwarf", "--run-dir", str(tmp_path)).returncode == 3, "its own name is right"


def test_a_run_folder_in_the_place_of_a_site_is_told(tmp_path: Path) -> None:
    (tmp_path / "pid").touch()
    done = hallig("status", str(tmp_path))
    assert (done.returncode, f"Did you mean '--run-dir {tmp_path}'?" in done.stderr) == (2, True), done.stderr


def test_a_data_folder_that_is_none_is_said_at_once_and_control_goes_on(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    folders = ["--run-dir", str(tmp_path / "run"), "--data-dir", str(tmp_path / "data")]
    command = [*HALLIG, "run", "musterhallig", *folders]
    controller = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert controller.stderr is not None
    assert any("events are not saved: " in line for line in controller.stderr)
    assert controller.poll() is None
    controller.terminate()
    assert controller.wait(20) == 0
    controller.stderr.close()


def test_a_folder_of_run_folders_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "westerwarf").mkdir()
    (tmp_path / "westerwarf" / "pid").touch()
    done = hallig("status", "--run-dir", str(tmp_path))
    assert (done.returncode, f"Name one of those in it: {tmp_path}/westerwarf." in done.stderr) == (3, True)


def test_a_folder_without_rights_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    done = hallig("run", "musterhallig", "--run-dir", str(blocked / "run"), "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert str(blocked) in done.stderr


def test_no_rights_is_one_line_with_a_way_out() -> None:
    done = hallig("run", "musterhallig", "--run-dir", "/sys/hallig", "--data-dir", "/tmp")
    assert (done.returncode, "Choose folders that you may use" in done.stderr) == (1, True), done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
@pytest.mark.parametrize("what", ["the folder", "the socket"])
def test_a_user_who_may_not_speak_to_the_controller_is_told_who_may(what: str) -> None:
    """In a child that becomes nobody once everything is imported: nobody may not read every checkout."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "warf").mkdir()
        (root / "warf" / "pid").touch()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(root / "warf" / "control.sock"))
            (root / "warf" / "control.sock").chmod(0o600)
            root.chmod(0o700 if what == "the folder" else 0o755)
            code = (
                "import os, sys, controller.cli, controller.commands.observe, controller.commands.asking\n"
                "import controller.commands.situation, controller.commands.speech, getpass, encodings.idna\n"
                "controller.commands.speech.speaker('en')\n"
                "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
                "sys.exit(controller.cli.main(['observe', 'on', '--lang', 'en']))"
            )
            environment = {**os.environ, "HALLIG_RUN_ROOT": name}
            command = [sys.executable, "-c", code]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=30)
    assert (done.returncode, "group 'hallig'" in done.stderr) == (3, True), done.stderr


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pydantic'] = None\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", str(Path.cwd()))])
    done = hallig("check", "musterhallig", PYTHONPATH=path)
    assert (done.returncode, "the package 'pydantic' is not installed" in done.stderr) == (1, True), done.stderr


def test_with_json_the_log_of_a_long_run_is_json_lines_too() -> None:
    code = "from controller.commands.logs import start_logging as s\ns(as_json=True)\nimport logging\n"
    code += "logging.getLogger('hallig.x').warning('%s is gone', 'a meter')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    line = json.loads(done.stderr)
    assert (line["level"], line["logger"], line["message"]) == ("warning", "hallig.x", "a meter is gone")
    assert set(line) == {"unix_s", "level", "logger", "message"}


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = hallig("supervise", "musterhallig", "--port", port)
    assert done.returncode == 1
    assert port in done.stderr


def test_ctrl_c_ends_without_a_word_too_many(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("")
    waiting = "import controller.cli, controller.commands.check as c\nc.run = lambda a: __import__('threading').Event()"
    code = f"{waiting}.wait(print('here', flush=True))\ncontroller.cli.sys.exit(controller.cli.main(['check', 'x']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert (process.returncode, said.strip()) == (130, "")


def test_a_mistake_of_ours_is_one_line_and_all_of_it_on_demand() -> None:
    code = "import controller.cli, controller.commands.check as c\nc.run = lambda a: 1 / 0\n"
    code += "controller.cli.main(['check', 'x'])"
    for shown in ("", "1"):
        environment = {**os.environ, "HALLIG_TRACEBACK": shown}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment, timeout=30
        )
        assert done.returncode == 1
        assert ("a mistake of ours: ZeroDivisionError" in done.stderr) is not bool(shown)
        assert ("Traceback" in done.stderr) is bool(shown)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_teaches_and_needs_nothing_heavy(name: str) -> None:
    """Examples, exit codes and what to try next, before any of the big packages is imported."""
    words = [name, "--help"] if name else ["--help"]
    heavy = "{'pydantic', 'rich', 'fastapi', 'asyncio', 'sqlite3', 'pymodbus', 'asyncua', 'numpy'}"
    code = (
        f"import sys, controller.cli as c\ntry:\n    c.main({words})\nexcept SystemExit:\n    pass\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    *text, imported = done.stdout.splitlines()
    assert imported == "[]"
    said = "\n".join(text)
    assert "exit codes:" in said
    assert "next: " in said
    assert not name or said.count(f"  hallig {name}") >= 2, "at least two real examples"
    assert max(map(len, text)) <= 100
