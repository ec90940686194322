"""What the docs tell people to do, done: examples are read from the pages and run as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from config import load
from tests.factories import World
from tests.unit.core.test_config import GOOD

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a language on a page of docs/."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_and_file_that_is_named_exists(page: Path) -> None:
    text = page.read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE):
        assert f"\n{target}:" in makefile, f"{page.name}: make {target}"
    for name in re.findall(r"`((?:app|deploy|bench|scripts|tests)/[\w./-]+\.\w+)`", text):
        if name != "bench/results.md":
            assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_the_example_of_a_provider_is_a_sound_configuration() -> None:
    (example,) = blocks("guides/providers.md", "json")
    (provider,) = load(GOOD | {"AVOUCH_OIDC_PROVIDERS": example}).oidc_providers
    assert provider.id == json.loads(example)[0]["id"]
    assert provider.email_trust == "hosted_domain"


def test_the_snippet_to_embed_names_what_there_is(kestrel: World, client: FlaskClient) -> None:
    script = client.get("/widgets/v1/avouch.js").get_data(as_text=True)
    snippet = blocks("guides/embed.md", "html")[0]
    assert "/widgets/v1/avouch.js" in snippet
    elements = re.findall(r"<(avouch-[a-z]+)", snippet)
    assert sorted(elements) == ["avouch-badge", "avouch-form", "avouch-reviews"]
    defined = set(re.findall(r'\["([a-z]+)", [A-Z]', script))
    assert {f"avouch-{name}" for name in defined} == set(elements)


def test_every_address_without_script_answers(kestrel: World, client: FlaskClient) -> None:
    addresses = re.findall(
        r'src="https://reviews\.example(/widgets/v1/avs_…/[^"]+)"', "\n".join(blocks("guides/embed.md", "html"))
    )
    assert len(addresses) >= 3
    for address in addresses:
        path = address.replace("avs_…", kestrel.site.public_key).replace("vp-200", kestrel.subject.slug)
        assert client.get(path).status_code == 200, path


def test_every_address_of_the_feeds_answers(kestrel: World, client: FlaskClient) -> None:
    page = (ROOT / "docs" / "guides" / "feeds.md").read_text()
    addresses = re.findall(r"`(/feeds/[^`]+)`", page)
    assert len(addresses) >= 4
    for address in addresses:
        path = address.replace("{site}", kestrel.site.public_key).replace("{subject}", kestrel.subject.slug)
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "max-age=60" in answer.headers["Cache-Control"]


def test_every_command_for_operators_exists() -> None:
    source = (ROOT / "app" / "commands.py").read_text()
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"app\.commands ([a-z-]+)", text))
    assert {"check", "create-operator", "dead"} <= named
    for command in named:
        assert f'add_parser("{command}")' in source, command
