"""Server-sent events: how old the data are, and whether the page has changed. The phone fetches what has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

import orjson

from supervisor.pages import Pages

EVERY_S = 1.0
CLIENTS_MAX = 200  # more fall back to reloading


class Live:
    """Counts its listeners and talks to each."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._clients_count = 0
        self.is_ending: Callable[[], bool] = lambda: False  # the server tells: open lines must not hold it

    @property
    def is_full(self) -> bool:
        """No room for another listener."""
        return self._clients_count >= CLIENTS_MAX

    async def talk(self, language: str) -> AsyncGenerator[bytes, None]:
        """One line a second, until the listener leaves or the server ends."""
        self._clients_count += 1
        try:
            while not self.is_ending():
                page = self._pages.now(language)
                yield b"data: " + orjson.dumps({"v": page.version, "age": page.age}) + b"\n\n"
                await asyncio.sleep(EVERY_S)
        finally:
            self._clients_count -= 1
