"""What a test needs of its machine and does not find: a workshop skips the test, a continuous integration fails it.

There everything is to be installed, and a test that skips is a test that nobody misses.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def is_continuous_integration() -> bool:
    """`.ci/run` says so, and so do the services that run it."""
    return bool(os.environ.get("CI"))


def skip(why: str) -> NoReturn:
    """Leave this test out; where the environment has CI set, fail it. `why` names the remedy."""
    if is_continuous_integration():
        pytest.fail(f"{why}; with CI set nothing is skipped for that")
    pytest.skip(why)


def needs(is_there: bool, why: str) -> pytest.MarkDecorator:
    """The same as a mark: where the environment has CI set, the test runs and shows what it lacks."""
    return pytest.mark.skipif(not is_there and not is_continuous_integration(), reason=why)
