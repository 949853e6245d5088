"""Compile the catalogues: `python -m supervisor.catalogue` writes each .mo beside its .po; `--check` only compares."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from supervisor.words import LANGUAGES, LOCALES

HEADER = "Content-Type: text/plain; charset=utf-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
MAGIC = 0x950412DE
TABLES_AT = 28


def compiled(language: str) -> bytes:
    """The .mo of a language's .po, the same bytes on every machine. Needs Babel, which only the `test` extra installs.

    Babel reads; the bytes are our own, because Babel would put its version and the date into them.
    """
    from babel.messages.pofile import read_po  # noqa: PLC0415

    with _file(language, "po").open("rb") as source:
        messages = [message for message in read_po(source, locale=language) if message.id]
    texts = {_joined(message.id): _joined(message.string or "") for message in messages}
    return _mo({b"": HEADER.encode(), **texts})


def is_fresh(language: str) -> bool:
    """Whether the committed .mo says what the .po says."""
    target = _file(language, "mo")
    return target.exists() and target.read_bytes() == compiled(language)


def main(arguments: list[str]) -> int:
    """Write, or with --check compare; exit code 1 when something is stale."""
    stale = [language for language in LANGUAGES if not is_fresh(language)]
    if "--check" in arguments:
        for language in stale:
            print(f"stale: {_file(language, 'mo')}; run python -m supervisor.catalogue")
        return 1 if stale else 0
    for language in stale:
        _file(language, "mo").write_bytes(compiled(language))
        print(f"written: {_file(language, 'mo')}")
    return 0


def _joined(text: str | list[str] | tuple[str, ...]) -> bytes:
    """Singular and plural stand in one string, a zero byte between them."""
    return (text if isinstance(text, str) else "\0".join(text)).encode()


def _mo(texts: dict[bytes, bytes]) -> bytes:
    """GNU gettext's binary form: a header, a table for the keys, one for the texts (length, place), then all of them.

    Source: GNU gettext manual, "The Format of GNU MO Files".
    """
    keys = sorted(texts)
    strings = [*keys, *(texts[key] for key in keys)]
    place = TABLES_AT + 8 * len(strings)
    table, body = b"", b""
    for string in strings:
        table += struct.pack("<II", len(string), place + len(body))
        body += string + b"\0"
    return struct.pack("<7I", MAGIC, 0, len(keys), TABLES_AT, TABLES_AT + 8 * len(keys), 0, 0) + table + body


def _file(language: str, suffix: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / f"hallig.{suffix}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
