"""What a program can see in a text: contact data, card numbers, shouting, swearing, another script.

Pure: words in, signals out. A signal can have a review held for a person; it can never refuse one. The
rating is not among what is screened. All patterns are bounded, so time grows with the length of the text
and no faster.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PASSAGE_MAX = 200
SIGNALS_MAX = 30
_LISTS = Path(__file__).parent / "wordlists"


class Code(enum.StrEnum):
    """What was found."""

    LINK = "link"
    EMAIL = "email"
    PHONE = "phone"
    CARD_NUMBER = "card_number"
    ALL_CAPS = "all_caps"
    PROFANITY = "profanity"
    OTHER_SCRIPT = "other_script"


@dataclass(frozen=True)
class Signal:
    """Something found: what, in which field, and the words themselves."""

    code: Code
    field: str
    passage: str

    def as_dict(self) -> dict[str, str]:
        """As it is stored with the case."""
        return {"code": self.code.value, "field": self.field, "passage": self.passage}


_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}(?:@| ?(?:\[at\]|\(at\)) ?)(?:[\w-]{1,63}\.){1,5}[^\W\d_]{2,24}", re.IGNORECASE
)
_URL = re.compile(r"\b(?:https?://|ftp://|www\.)\S{2,300}", re.IGNORECASE)
# A bare domain: only endings that people use for sites, in lower case, and none that is a word of a language here:
# "worked.It" and "v2.1" are no addresses.
_DOMAIN = re.compile(
    r"(?<![\w@.-])(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,4}"
    r"(?:com|net|org|info|biz|io|eu|de|fr|uk|ru|su|рф|pl|bg|бг|ua|kz|cz|sk|ro|ch|nl|se|dk|fi|shop|site|online|store|xyz"
    r"|app|dev|example|test)"
    r"(?![\w-])(?:/\S{0,200})?"
)
# Written as numbers are dialled: with +, with a leading 0, with brackets, Russia's 8, North America's 3-3-4.
_PHONE = re.compile(
    r"(?<![\w+.,])(?:"
    r"(?:\+ ?\d|\( ?\d|0\d|8[ (-]{1,2}\d)[\d ()./\u00a0\u2011-]{5,22}\d"
    r"|\d{3}[-. ]\d{3}[-. ]\d{4}"
    r"|\d{3}[- ]\d{3}[- ]\d{3}"
    r")(?![\w])"
)
_DIGITS = re.compile(r"(?<![\d])\d(?:[ -]?\d){12,}(?![\d])")
_GROUP = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BETWEEN_WORDS = re.compile(r"[\s\d.,;:!?()\"'«»„“”–—-]*")
_NOT_A_SENTENCE = 5  # fewer words in capitals in a row are abbreviations: "ISO 9001, ATEX, CE"
_SHOUT_LETTERS = 20

CYRILLIC = frozenset({"ru", "bg", "uk", "be", "sr", "mk", "kk"})


def screen(words: Mapping[str, str], language: str) -> list[Signal]:
    """What can be seen in `words` ({field: text}), written in `language` (a two-letter code)."""
    found: list[Signal] = []
    for field, text in words.items():
        found += _screen_field(field, text, language)
    found += _other_script(words, language)
    return list(dict.fromkeys(found))[:SIGNALS_MAX]


def _screen_field(field: str, text: str, language: str) -> Iterator[Signal]:
    # Each finder takes what it finds out of the text, so that one thing is told once: the domain of an address is no
    # link, the digits of a card are no phone number.
    for code, finder in (
        (Code.EMAIL, _EMAIL.finditer),
        (Code.LINK, _URL.finditer),
        (Code.LINK, _DOMAIN.finditer),
    ):
        spans = [match.span() for match in finder(text)]
        yield from _signals(code, field, text, spans)
        text = _blank(text, spans)
    cards = list(_cards(text))
    yield from _signals(Code.CARD_NUMBER, field, text, cards)
    text = _blank(text, cards)
    yield from _signals(Code.PHONE, field, text, _phones(text))
    yield from _signals(Code.ALL_CAPS, field, text, _shouting(text))
    yield from _signals(Code.PROFANITY, field, text, _swearing(text, language))


def _signals(code: Code, field: str, text: str, spans: Iterable[tuple[int, int]]) -> Iterator[Signal]:
    for start, end in spans:
        passage = text[start:end].strip().rstrip(".,;:!?)\"'»”")
        if passage:
            yield Signal(code, field, passage[:PASSAGE_MAX])


def _blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with these spans replaced by something that no pattern matches, and every position kept."""
    pieces, at = [], 0
    for start, end in spans:
        pieces += [text[at:start], "\u0001" * (end - start)]
        at = end
    return "".join([*pieces, text[at:]])


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _PHONE.finditer(text):
        if 9 <= sum(char.isdigit() for char in match.group()) <= 15:
            yield match.span()


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Numbers that are cards by length, first digit and check digit. A card begins and ends where a group of digits
    does: inside a long serial number, some stretch has a right check digit by chance."""
    for run in _DIGITS.finditer(text):
        groups = [(run.start() + at.start(), run.start() + at.end()) for at in _GROUP.finditer(run.group())]
        span = _card_in(text, groups)
        if span is not None:
            yield span


def _card_in(text: str, groups: list[tuple[int, int]]) -> tuple[int, int] | None:
    for first in range(len(groups)):
        digits = ""
        for start, end in groups[first : first + 19]:
            digits += text[start:end]
            if len(digits) > 19:
                break
            if len(digits) >= 13 and digits[0] in "23456" and luhn([int(digit) for digit in digits]):
                return groups[first][0], end
    return None


def luhn(digits: list[int]) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1), and not all are equal."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0 and len(set(digits)) > 1


def _shouting(text: str) -> Iterator[tuple[int, int]]:
    """Runs of words in capitals that are long enough to be sentences."""
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        word = match.group()
        joined = not run or _BETWEEN_WORDS.fullmatch(text, run[-1].end(), match.start())
        if joined and word.isupper() and (len(word) > 1 or run):
            run.append(match)
            continue
        if _is_shouted(run):
            yield run[0].start(), run[-1].end()
        run = [match] if word.isupper() and len(word) > 1 else []
    if _is_shouted(run):
        yield run[0].start(), run[-1].end()


def _is_shouted(run: list[re.Match[str]]) -> bool:
    return len(run) >= _NOT_A_SENTENCE and sum(len(match.group()) for match in run) >= _SHOUT_LETTERS


def _swearing(text: str, language: str) -> Iterator[tuple[int, int]]:
    # English is sworn in everywhere.
    for name in dict.fromkeys((language, "en")):
        pattern = _profanity(name)
        if pattern is not None:
            for match in pattern.finditer(text):
                yield match.span()


@lru_cache(maxsize=16)
def _profanity(language: str) -> re.Pattern[str] | None:
    """The language's list as one pattern. A line is a word; `*` at its end means "and whatever follows"."""
    path = _LISTS / f"{language}.txt"
    if not language.isalpha() or not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    words = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    patterns = (re.escape(word.rstrip("*")) + (r"\w{0,20}" if word.endswith("*") else "") for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)


def _other_script(words: Mapping[str, str], language: str) -> list[Signal]:
    """A text mostly in another alphabet than its language has: its reader would not be able to read it."""
    text = words.get("text", "")
    letters = [char for char in text if char.isalpha()]
    if len(letters) < 20:
        return []
    expected = "CYRILLIC" if language in CYRILLIC else "LATIN"
    other = sum(not unicodedata.name(char, "").startswith(expected) for char in letters)
    if other * 2 < len(letters):
        return []
    line = text.strip().splitlines()[0]
    return [Signal(Code.OTHER_SCRIPT, "text", line[:80])]
