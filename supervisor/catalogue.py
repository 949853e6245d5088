"""Compile the catalogues: `python -m supervisor.catalogue` writes each .mo beside its .po; `--check` only compares."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from supervisor.words import LANGUAGES, LOCALES


def compiled(language: str) -> bytes:
    """The .mo of a language's .po. Needs Babel, which only the `test` extra installs."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415

    with _file(language, "po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


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


def _file(language: str, suffix: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / f"hallig.{suffix}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
