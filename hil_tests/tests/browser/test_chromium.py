from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests.tests.browser.__main__ import IMAGES, PICTURE_MAX_BYTES, SHOTS, main
from hil_tests.tests.browser.chromium import chromium_or_skip


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("PATH", str(tmp_path))
    return monkeypatch


def test_without_a_browser_a_workshop_skips_with_the_remedy(no_browser: pytest.MonkeyPatch) -> None:
    no_browser.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        chromium_or_skip()


def test_without_a_browser_a_continuous_integration_fails(no_browser: pytest.MonkeyPatch) -> None:
    no_browser.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no browser on PATH"):
        chromium_or_skip()


def test_no_picture_is_taken_without_a_browser(
    no_browser: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([str(tmp_path)]) == 3
    assert "apt-get install chromium" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_pictures_of_the_docs_are_those_that_the_command_takes() -> None:
    assert {path.stem for path in IMAGES.glob("page-*.png")} == {shot.name for shot in SHOTS}
    assert max(path.stat().st_size for path in IMAGES.glob("page-*.png")) < PICTURE_MAX_BYTES
