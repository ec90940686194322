"""The catalogues: every sentence is there in every language, whole, calm and in the same words."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from app.core.locale import LANGUAGES

ROOT = Path(__file__).parents[3]
APP = ROOT / "app"
TRANSLATED = [language for language in LANGUAGES if language != "en"]
# What is passed to `pybabel extract` in docs/translating.md.
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "_l": None}
FAMILY = {"gettext", "ngettext", "pgettext", "npgettext", "lazy_gettext", "lazy_ngettext", "lazy_pgettext"}

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}")
# The same in every language because it is a name, a sign or a loan word.
SAME = {"%(moment)s UTC", "Moderator", "Status", "Kontakt"}
QUOTES = {"ru": "«»", "pl": "„”", "bg": "„“"}

# Words of the glossary in docs/translating.md: what a sentence that speaks of the thing must hold.
TERMS = {
    r"\bsuppliers?\b": {"ru": "поставщик", "pl": "dostawc", "bg": "доставчи"},
    r"\bpurchases?\b": {
        "ru": r"покупк|покупок|код\w* заказа",
        "pl": r"zakup|kod\w* zamówienia",
        "bg": "покупк|код на поръчка",
    },
    r"\bdrafts?\b": {"ru": "черновик", "pl": "szkic", "bg": "чернов"},
    r"\bmembers?\b": {"ru": "участник|участниц", "pl": "człon", "bg": "член"},
    r"\bAPI keys?\b": {"ru": "ключ|API", "pl": "klucz", "bg": "ключ"},
    r"\bfeeds?\b": {"ru": "лент", "pl": "kana", "bg": "емиси"},
    r"\b(one|their|these|three) proofs?\b|^Proofs": {"ru": "подтвержден", "pl": "potwierdze", "bg": "потвържден"},
    r"\binvitations?\b": {"ru": "приглашени", "pl": "zapro|zapra", "bg": "покан"},
    r"\breviews\b": {"ru": "отзыв", "pl": "opini", "bg": "отзив"},
    r"\bnot proven\b": {"ru": "не подтвержд", "pl": "nie ?potwierdzo", "bg": "не е потвърд"},
}
# Words that other products use for these things, machines' words, and familiar address. Never ours.
FORBIDDEN = {
    "ru": r"рецензи|ревью|верифи|валидац|аккаунт|токен|логин|дашборд|e-mail|емейл|имейл|продавец|продавц|клиент"
    r"|\bты\b|\bтебе|\bтво[йяеёи]",
    "pl": r"recenzj|weryfik|walid|token|sprzedawc|klient|\btwój|\btwoj|\btwoi|\bciebie\b|\btobie\b|dashboard",
    "bg": r"рецензи|ревю|верифи|валид|акаунт|токен|емейл|e-mail|продавач|клиент|\bти\b|\bтеб|\bтво[йяеи]",
}
# Polite pronouns are written large.
SMALL_POLITE = {
    "ru": r"\b(вы|вас|вам|вами|ваш|ваша|ваше|ваши|вашего|вашей|вашему|вашем|вашим|вашу|ваших|вашими)\b",
    "pl": r"\bpaństw(o|a|u|em)\b",
    "bg": r"\b(вие|вас|ви|вам|ваш|ваша|ваше|ваши|вашият|вашия|вашата|вашето|вашите)\b",
}


@cache
def catalogue(language: str) -> Catalog:
    with (APP / "translations" / language / "LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def source() -> frozenset[tuple[str, ...]]:
    """What the code and the templates say now: (singular,) or (singular, plural)."""
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
    loud = {pattern: {"silent": "false"} for pattern, method in methods if method == "jinja2"}
    found = extract_from_dir(str(APP), methods, loud, keywords=KEYWORDS)
    return frozenset((message,) if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found)


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def wrong(language: str, fault: re.Pattern[str]) -> list[str]:
    return [text for message in messages(language) for text in forms(message) if fault.search(text)]


def test_the_extraction_knows_every_name_under_which_the_code_translates() -> None:
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "flask_babel":
                names = {name.asname or name.name for name in node.names if name.name in FAMILY}
                assert names <= set(KEYWORDS), path


def test_babel_cfg_reads_what_this_test_reads() -> None:
    lines = (ROOT / "babel.cfg").read_text("utf-8").split("\n")
    assert [line for line in lines if line.startswith("[")] == [
        "[python: **.py]",
        "[jinja2: **/templates/**.html]",
        "[jinja2: **/templates/**.txt]",
    ]


def test_the_english_is_calm() -> None:
    assert [text for said in source() for text in said if "!" in text or text != text.strip() or "  " in text] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_holds_what_the_pages_say_and_nothing_else(language: str) -> None:
    held = {ids(message) for message in messages(language)}
    assert sorted(source() - held) == [], "new sentences: see docs/translating.md"
    assert sorted(held - source()) == [], "sentences that nobody says any more"
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated_and_nothing_is_a_guess(language: str) -> None:
    assert not catalogue(language).fuzzy
    assert [message.id for message in messages(language) if message.fuzzy or not all(forms(message))] == []
    left = {said for message in messages(language) for said in forms(message) if said in ids(message)}
    assert left <= SAME, "left in English"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_plural_has_the_forms_of_its_language(language: str) -> None:
    rule = get_plural(language)
    assert catalogue(language).num_plurals == rule.num_plurals == (2 if language == "bg" else 3)
    assert catalogue(language).plural_forms == str(rule)
    for message in messages(language):
        assert len(forms(message)) == (rule.num_plurals if message.pluralizable else 1), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_are_kept(language: str) -> None:
    # Where the first form is for exactly one thing, it may leave the number out, as the English does.
    only_one = language != "ru"
    for message in messages(language):
        wanted = set(PLACEHOLDER.findall(ids(message)[-1]))
        for number, text in enumerate(forms(message)):
            allowed = [wanted]
            if message.pluralizable and number == 0 and only_one:
                allowed.append(set(PLACEHOLDER.findall(ids(message)[0])))
            assert set(PLACEHOLDER.findall(text)) in allowed, text
            if "%(" in text:
                assert "%" not in re.sub(r"%\(\w+\)[sd]", "", text), text


@pytest.mark.parametrize("language", TRANSLATED)
def test_sentences_end_as_in_english(language: str) -> None:
    for message in messages(language):
        english = ids(message)[0]
        for text in forms(message):
            assert text == text.strip(), text
            assert "  " not in text, text
            end = english[-1] if english[-1] in ".:?…" else ""
            got = text[-1] if text[-1] in ".:?…" else ""
            # "Hello," begins a mail, where others put a full stop; what has no end may introduce what follows.
            assert got == end or english.endswith(",") or (not end and got == ":"), (english, text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_translation_is_calm_and_well_set(language: str) -> None:
    assert wrong(language, re.compile("!")) == []
    others = "".join(sorted(set('«»„“”"') - set(QUOTES[language])))
    assert wrong(language, re.compile(f"[{re.escape(others)}]")) == []
    opening, closing = QUOTES[language]
    uneven = [text for m in messages(language) for text in forms(m) if text.count(opening) != text.count(closing)]
    assert uneven == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_word_mixes_two_alphabets(language: str) -> None:
    assert wrong(language, re.compile(r"[A-Za-z][а-яёА-ЯЁ]|[а-яёА-ЯЁ][A-Za-z]")) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_readers_are_addressed_formally(language: str) -> None:
    assert wrong(language, re.compile(SMALL_POLITE[language])) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_called_by_another_products_word(language: str) -> None:
    assert wrong(language, re.compile(FORBIDDEN[language], re.IGNORECASE)) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_one_thing_has_one_word(language: str) -> None:
    for term, words in TERMS.items():
        for message in messages(language):
            said = " ".join(PLACEHOLDER.sub("", text) for text in ids(message))
            if re.search(term, said):
                missing = [text for text in forms(message) if not re.search(words[language], text, re.IGNORECASE)]
                assert not missing, (term, message.id, missing)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_widgets_script_says_what_the_pages_say(language: str) -> None:
    """`avouch.js` carries its own few words, as it may load nothing else; they are the catalogue's."""
    script = (APP / "widgets/static/avouch.js").read_text("utf-8")
    blocks = {
        code: re.findall(
            r'^    "([^"]+)",$', re.search(rf"  {code}: \[\n(.*?)\n  \],", script, re.DOTALL).group(1), re.M
        )  # type: ignore[union-attr]
        for code in ("en", language)
    }
    assert len(blocks["en"]) == len(blocks[language])
    pairs = {
        PLACEHOLDER.sub("#", ids(m)[0]): {PLACEHOLDER.sub("#", text) for text in forms(m)} for m in messages(language)
    }
    known = [(said, here) for said, here in zip(blocks["en"], blocks[language], strict=True) if said in pairs]
    assert len(known) >= len(blocks["en"]) - 2
    for said, here in known:
        assert here in pairs[said], said
