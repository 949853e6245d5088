from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

import controller.commands
import supervisor
from controller.commands.vocabulary import command_keys
from supervisor.catalogue import is_fresh, main
from supervisor.public_words import keys_by_code
from supervisor.words import LANGUAGES, LOCALES, MissingTextError, choose_language, words

HERE = Path(supervisor.__file__).parent
LITERAL_KEY = re.compile(r"\b(?:say|words\(language\)|pages\.note)(?:\.count)?\(\s*(?:language, )?[\"']([a-z_.]+)[\"']")
CHOSEN_KEY = re.compile(r"[\"']((?:page|hours|radio|solar|time|position)\.(?!html|css|js)[a-z_]+)[\"']")
COMMAND_KEY = re.compile(r"[\"']((?:line|screen|clear|event|explain|observe|rule|verify)\.[a-z_]+)[\"']")
PATTERNS = (LITERAL_KEY, CHOSEN_KEY, COMMAND_KEY)
COMMANDS = Path(controller.commands.__file__).parent
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
LETTERS = {"de": "äöüß", "da": "æøå", "en": ""}


def catalogue(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "hallig.po").open("rb") as file:
        return read_po(file, locale=language)


def messages(language: str) -> dict[str, Message]:
    found = (message for message in catalogue(language) if message.id)
    return {m.id if isinstance(m.id, str) else m.id[0]: m for m in found}


def texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def keys_in_code() -> set[str]:
    files = (*HERE.glob("*.py"), *HERE.glob("templates/*.html"), *COMMANDS.glob("*.py"))
    sources = [path.read_text(encoding="utf-8") for path in files]
    return {key for source in sources for pattern in PATTERNS for key in pattern.findall(source)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_and_every_sentence_of_the_page_has_its_words(language: str) -> None:
    wanted = keys_by_code() | command_keys() | keys_in_code()
    found = set(messages(language))
    assert wanted - found == set(), "no words for these"
    assert found - wanted == set(), "nobody says these"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_only_guessed(language: str) -> None:
    unfinished = [key for key, message in messages(language).items() if message.fuzzy or not all(texts(message))]
    assert unfinished == []


@pytest.mark.parametrize("language", ["da", "en"])
def test_each_language_fills_in_the_same_values(language: str) -> None:
    german = messages("de")
    for key, message in messages(language).items():
        of_both = [set(PLACEHOLDER.findall(" ".join(texts(m)))) for m in (german[key], message)]
        assert of_both[0] == of_both[1], key


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_written_with_the_letters_of_their_language(language: str) -> None:
    written = "".join(text for message in messages(language).values() for text in texts(message))
    assert [letter for letter in LETTERS[language] if letter not in written] == []


def test_the_committed_catalogues_are_compiled_from_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert [language for language in LANGUAGES if not is_fresh(language)] == []
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_one_is_not_many() -> None:
    assert words("de").count("hours.at_least", 1) == "mindestens 1 Stunde"
    assert words("da").count("hours.at_least", 41) == "mindst 41 timer"
    assert words("en").count("ago.seconds", 2) == "2 seconds ago"


def test_an_unknown_key_is_our_mistake() -> None:
    say = words("en")
    with pytest.raises(MissingTextError):
        say("page.nonsense")
    with pytest.raises(MissingTextError):
        say.count("page.nonsense", 2)


@pytest.mark.parametrize(
    ("wanted", "accept", "language"),
    [
        (None, "", "de"),
        ("da", "en", "da"),
        ("fr", "en-GB,en;q=0.9", "en"),
        (None, "fr, da-DK;q=0.8, en;q=0.7", "da"),
        (None, "da;q=0.1, en;q=0.7", "en"),
        (None, "en;q=nonsense, *;q=0.5", "de"),
        (None, "en;q=0", "de"),
        (None, "den, ;;;,,", "de"),
    ],
)
def test_the_reader_chooses_else_the_browser_else_german(wanted: str | None, accept: str, language: str) -> None:
    assert choose_language(wanted, accept) == language
