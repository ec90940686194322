"""The tokens of avouch.css: every pair that is used together can be read, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CSS = (ROOT / "app/assets/css/avouch.css").read_text(encoding="utf-8")

GROUNDS = ("paper", "card", "raised", "sunk", "tint")

# (text, ground): 4.5:1, WCAG 2.2 SC 1.4.3.
TEXT = [
    *((text, ground) for text in ("ink", "soft", "accent", "accent-deep") for ground in GROUNDS),
    *((text, ground) for text in ("danger", "proven") for ground in ("paper", "card", "raised", "sunk")),
    ("danger", "danger-tint"),
    ("proven", "proven-tint"),
    ("ink", "danger-tint"),
    ("ink", "proven-tint"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("on-danger", "danger"),
    ("on-danger", "danger-deep"),
]
# (mark, ground): 3:1, SC 1.4.11. Borders that say where a field is, stars, the focus ring.
MARKS = [(mark, ground) for mark in ("edge", "star", "accent", "danger", "proven") for ground in GROUNDS]


def block(selector: str) -> dict[str, str]:
    """The colour tokens declared under a selector."""
    start = CSS.index(selector) + len(selector)
    body = CSS[CSS.index("{", start) + 1 : CSS.index("}", start)]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", body))


LIGHT = block("/* light */\n:root")
DARK_BY_SYSTEM = block(':root:not([data-theme="light"])')
DARK_BY_CHOICE = block("/* dark, by choice */\n:root")


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_reckoning_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", [LIGHT, DARK_BY_CHOICE], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_can_be_read(theme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(theme[text], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK_BY_CHOICE], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_can_be_seen(theme: dict[str, str], mark: str, ground: str) -> None:
    assert contrast(theme[mark], theme[ground]) >= 3


def test_dark_is_the_same_by_choice_and_by_system() -> None:
    assert DARK_BY_SYSTEM == DARK_BY_CHOICE
    assert LIGHT.keys() == DARK_BY_CHOICE.keys()


def test_only_tokens_that_exist_are_used() -> None:
    declared = set(re.findall(r"--([\w-]+):", CSS))
    assert set(re.findall(r"var\(--([\w-]+)", CSS)) <= declared


def test_colours_stand_among_the_tokens_only() -> None:
    """Elsewhere a colour would be one nobody checks. Print, and the white paper of a shown mail, are on purpose."""
    rules = CSS[CSS.index("/* ---------------------------------------------------------------- ground */") :]
    rules = re.sub(r"@media print \{.*?\n\}", "", rules, flags=re.DOTALL)
    rules = re.sub(r"\.mail-frame \{[^}]*\}", "", rules)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rules) == []


# Mails have no policy, and their styles are inlined when they are made.
PAGES = sorted(path for path in (ROOT / "app").glob("**/templates/**/*.html") if "mail" not in path.parts)


@pytest.mark.parametrize("template", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_needs_what_the_security_policy_forbids(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"<[^>{]*\sstyle\s*=", text), "a style attribute"
    assert not re.search(r"<[^>{]*\son[a-z]+\s*=", text), "an event attribute"
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/(?:ld\+)?json)", text), "an inline script"
