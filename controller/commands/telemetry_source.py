"""Where `hallig telemetry` reads: a web that runs is asked, of one that does not run the file is read."""

from __future__ import annotations

import argparse
import contextlib
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from controller.commands.frame import NO_CONTACT, PROBLEM, USAGE, CommandError

DEFAULT_WEB = "http://127.0.0.1:8080"
PATH = "/api/v1/telemetry"
ANSWER_MAX_S = 60.0
POINTS_COUNT = 1500


class Source(Protocol):
    """Whoever knows what was measured. Answers are those of the API."""

    def page(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Points from a cursor on. Raises CommandError."""
        ...

    def channels(self) -> dict[str, Any]:
        """What there is. Raises CommandError."""
        ...


@contextlib.contextmanager
def open_source(arguments: argparse.Namespace) -> Iterator[Source]:
    """Raises CommandError: none there (exit 3), or it cannot be read (exit 1)."""
    import sqlite3  # noqa: PLC0415

    if arguments.data_dir is None:
        yield WebSource(arguments.web)
        return
    from supervisor.telemetry.at_rest import InUseError, open_at_rest, path_in  # noqa: PLC0415  (not for --help)

    path = path_in(arguments.data_dir)
    with contextlib.ExitStack() as stack:
        try:
            store = stack.enter_context(open_at_rest(path))
        except FileNotFoundError:
            hint = "Name the --data-dir of 'hallig supervise', or ask a web that runs with --web."
            raise CommandError("no_contact", NO_CONTACT, f"there is no telemetry {path}", hint) from None
        except InUseError:
            hint = f"Ask it: leave --data-dir away, or name its address with --web (default {DEFAULT_WEB})."
            raise CommandError("in_use", PROBLEM, f"a web writes {path} now", hint) from None
        except sqlite3.Error as error:
            raise _broken(path, error) from None
        yield FileSource(path, store)


def _broken(path: Path, error: Exception) -> CommandError:
    from controller.plain_words import of_a_disk  # noqa: PLC0415  # it knows databases

    hint = "The next start of the web sets a damaged file aside and begins anew."
    return CommandError("broken_telemetry", PROBLEM, f"{path} cannot be read: {of_a_disk(error)}", hint)


def pages(source: Source, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Answer by answer to the end."""
    cursor: int | None = 0
    while cursor is not None:
        answer = source.page({**asked, "after": cursor, "limit": POINTS_COUNT})
        yield answer
        cursor = answer["cursor"]


class WebSource:
    """A web that runs, by its address."""

    def __init__(self, address: str) -> None:
        if urllib.parse.urlsplit(address).scheme not in {"http", "https"}:
            raise CommandError("usage", USAGE, f"'{address}' is no address of a web", f"For example {DEFAULT_WEB}.")
        self._address = address.rstrip("/")

    def page(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Points from a cursor on."""
        told = {name: value for name, value in asked.items() if value not in (None, ())}
        return self._get(f"{PATH}?{urllib.parse.urlencode(told, doseq=True)}")

    def channels(self) -> dict[str, Any]:
        """What there is."""
        return self._get(f"{PATH}/channels")

    def _get(self, path: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(self._address + path, timeout=ANSWER_MAX_S) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except (OSError, ValueError) as error:
            from controller.plain_words import in_words  # noqa: PLC0415

            reason = getattr(error, "reason", error)
            why = in_words(reason) if isinstance(reason, BaseException) else str(reason)
            hint = "Start it with 'hallig supervise', name its address with --web, or read its file with --data-dir."
            raise CommandError("no_contact", NO_CONTACT, f"no web at {self._address}: {why}", hint) from None
        return found

    def _refused(self, error: urllib.error.HTTPError) -> CommandError:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            detail = json.load(error)["detail"]
            return CommandError("refused", PROBLEM, f"the web at {self._address} says: {str(detail).rstrip('.')}")
        return CommandError("refused", PROBLEM, f"what answers at {self._address} is no web of this kind")


class FileSource:
    """A file at rest; whoever may read it is told all of it."""

    def __init__(self, path: Path, store: Any) -> None:
        self._path, self._store = path, store

    def page(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Points from a cursor on."""
        import sqlite3  # noqa: PLC0415

        from supervisor.telemetry.series import Question, read_series  # noqa: PLC0415
        from supervisor.telemetry.store import Span  # noqa: PLC0415

        span = Span(asked["from_unix_s"], asked["to_unix_s"])
        patterns: Sequence[str] = asked["channel"]
        question = Question(span, asked["step_s"], patterns, asked["after"], asked["limit"], is_for_everybody=False)
        try:
            series = read_series(self._store, question)
        except (sqlite3.Error, ValueError) as error:
            raise _broken(self._path, error) from None
        return {
            "channels": [asdict(channel) for channel in series.channels],
            "points": [asdict(point) for point in series.points],
            "cursor": series.cursor,
            "unreadable_count": series.unreadable_count,
        }

    def channels(self) -> dict[str, Any]:
        """What there is."""
        import sqlite3  # noqa: PLC0415

        from supervisor.telemetry.channels import joined  # noqa: PLC0415

        try:
            ends = {table: self._store.ends(table) for table in ("minute", "mean")}
            layouts = self._store.layouts()
        except (sqlite3.Error, ValueError) as error:
            raise _broken(self._path, error) from None
        told = {
            table: found and {"first_unix_s": found[0].unix_min_s, "last_unix_s": found[1].unix_max_s}
            for table, found in ends.items()
        }
        channels = [asdict(channel) for channel in joined(layouts.values())]
        return {"channels": channels, "samples": told["minute"], "means": told["mean"]}
