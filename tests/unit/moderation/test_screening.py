"""What screening sees, and what it leaves alone: a table, a comment above each group."""

from __future__ import annotations

import inspect
import time

import pytest

from app.moderation import rules, screening
from app.moderation.screening import Code, Signal, screen


def found(text: str, language: str = "en") -> list[tuple[str, str]]:
    return [(signal.code.value, signal.passage) for signal in screen({"text": text}, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Links, with and without a scheme; the full stop belongs to the sentence.
        ("See https://rival.example/offer?x=1 for more.", [("link", "https://rival.example/offer?x=1")]),
        ("See www.rival.example.", [("link", "www.rival.example")]),
        ("Buy at rival-pumps.com, it is cheaper", [("link", "rival-pumps.com")]),
        ("сайт насосы.рф лучше", [("link", "насосы.рф")]),
        # Addresses, and the usual disguise; the domain is not told a second time as a link.
        ("Write to jan.kowalski@firma.pl today", [("email", "jan.kowalski@firma.pl")]),
        ("jan (at) firma.com", [("email", "jan (at) firma.com")]),
        # Telephone numbers as they are dialled in four countries.
        ("Call +48 22 123 45 67", [("phone", "+48 22 123 45 67")]),
        ("call 8 (912) 345-67-89 in the evening", [("phone", "8 (912) 345-67-89")]),
        ("Phone: 0888 123 456.", [("phone", "0888 123 456")]),
        ("ring (555) 123-4567", [("phone", "(555) 123-4567")]),
        ("numer 600-700-800", [("phone", "600-700-800")]),
        # Card numbers by their check digit, in any grouping, even behind other digits.
        ("paid with 4111 1111 1111 1111", [("card_number", "4111 1111 1111 1111")]),
        ("paid with 5500-0000-0000-0004", [("card_number", "5500-0000-0000-0004")]),
        ("12 4111 1111 1111 1111", [("card_number", "4111 1111 1111 1111")]),
        # A sentence in capitals.
        (
            "It leaks. NEVER BUY FROM THESE PEOPLE AGAIN! Truly.",
            [("all_caps", "NEVER BUY FROM THESE PEOPLE AGAIN")],
        ),
        # Swear words, whole words in any case.
        ("The FUCKING seal broke", [("profanity", "FUCKING")]),
    ],
)
def test_it_sees(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        # What engineers write: part numbers, standards, dates, measures, quantities.
        ("Bearing 6205-2RS, shaft 0.025 mm, 12 000 hours, ISO 9001, DIN 625-1.", "en"),
        ("Delivered on 01.02.2026 at 10:30, order 2026-000123, 4 x 250 kW", "en"),
        ("SKF, ABB, KSB, EBARA and GRUNDFOS", "en"),
        ("ATEX CE ISO DIN", "en"),
        ("Firmware v2.1.0 and 3.5in drives; see clause 4.2.1", "en"),
        # A missing blank after a full stop is no link.
        ("The pump worked.It was quiet.No leaks.", "en"),
        # Words that only hold a bad word inside.
        ("Scunthorpe assessed the bastard-cut file and the shiitake", "en"),
        ("Психологически тяжёлая работа, но оскорблять никого не будем", "ru"),
        ("Педалът на помпата е здрав, боклукът се събира лесно", "bg"),
        # Ten digits that are no card, and a long number without a check digit.
        ("Serial 1234567890123456", "en"),
        ("0000 0000 0000 0000", "en"),
        ("", "en"),
        ("😀🚀 مضخة ممتازة", "ar"),
    ],
)
def test_it_leaves_alone(text: str, language: str) -> None:
    assert found(text, language) == [] or {code for code, _ in found(text, language)} <= {"other_script"}


@pytest.mark.parametrize(
    ("text", "language", "word"),
    [
        ("Это полная хуйня, а не насос", "ru", "хуйня"),
        ("Kurwa, znowu przecieka", "pl", "Kurwa"),
        ("Ебаната помпа тече", "bg", "Ебаната"),
        # English is sworn in everywhere.
        ("Pompa jest shit", "pl", "shit"),
    ],
)
def test_it_knows_the_words_of_each_language(text: str, language: str, word: str) -> None:
    assert (Code.PROFANITY.value, word) in found(text, language)


def test_a_language_without_a_list_is_not_an_error() -> None:
    assert found("Bonjour", "fr") == []
    assert found("hello", "../../etc/passwd") == []


def test_it_sees_a_text_in_another_alphabet_than_its_language() -> None:
    russian = "Насос работает тихо и надёжно уже третий год."
    assert found(russian, "ru") == []
    assert found(russian, "en") == [("other_script", russian)]
    assert found("A quiet pump, and it never leaked in two years.", "bg")[0][0] == "other_script"
    assert found("Насос KSB Etanorm 65-40-200 работает без нареканий", "ru") == []


def test_every_field_is_screened_and_named() -> None:
    words = {"title": "Fine", "cons": "ask bob@firma.pl", "display_name": "www.rival.example"}
    assert screen(words, "en") == [
        Signal(Code.EMAIL, "cons", "bob@firma.pl"),
        Signal(Code.LINK, "display_name", "www.rival.example"),
    ]


def test_every_passage_stands_in_the_text() -> None:
    text = "CALL ME NOW OR NEVER AGAIN +48 22 123 45 67, jan@firma.pl, www.x.example, 4111111111111111 fuck"
    signals = screen({"text": text}, "en")
    assert {signal.code for signal in signals} == set(Code) - {Code.OTHER_SCRIPT}
    assert all(signal.passage in text for signal in signals)


def test_what_is_found_is_bounded() -> None:
    signals = screen({"text": " ".join(f"www.rival-{n}.example" for n in range(200))}, "en")
    assert len(signals) == screening.SIGNALS_MAX
    assert all(len(signal.passage) <= screening.PASSAGE_MAX for signal in screen({"text": "www." + "a" * 4000}, "en"))


@pytest.mark.parametrize("piece", ["a.", "a-", "1 ", "1-", "(1", "A ", "a@", "+1", "ё", "www.", "0 ", "fuck"])
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    def spent(length: int) -> float:
        text = (piece * length)[:length]
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            screen({"text": text}, "en")
            best = min(best, time.process_time() - began)
        return best

    spent(100)  # the lists are read and compiled once
    short, long = spent(10_000), spent(40_000)
    assert long < 0.05 or long < 12 * short


def test_screening_and_policy_are_never_given_a_rating() -> None:
    for function in (screening.screen, rules.why_hold, rules.find_passage):
        assert "rating" not in inspect.signature(function).parameters
    assert "rating" not in rules.WORD_FIELDS
