"""/dashboard/settings/sites: where a supplier shows Avouch."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.core import tenancy
from app.core.secrets import Prefix, well_formed
from app.suppliers import queries
from app.suppliers.errors import SiteDisabled, UnknownSite
from app.suppliers.models import Site
from tests.factories import World, csrf_token, make_kestrel, make_otter, sign_in
from tests.functional.dashboard.browsing import HTML, audited, submit, words

SITES = "/dashboard/settings/sites"
NEW = f"{SITES}/new"
GOOD: dict[str, str | list[str]] = {
    "name": "Shop",
    "origins": "https://www.kestrel.example\nhttps://shop.kestrel.example:8443/",
    "languages": ["en", "pl"],
    "first_language": "pl",
    "review_page_url": "https://www.kestrel.example/review?from=mail",
    "required_proofs": ["purchase"],
}


def newest(world: World) -> Site:
    tenancy.enter(world.supplier.id)
    return queries.sites()[-1]


def test_alice_adds_a_site_and_gets_the_code_to_embed_it(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    answer = submit(client, NEW, **GOOD)
    site = newest(world)
    assert answer.location == f"{SITES}/{site.id}"
    assert site.origins == ["https://www.kestrel.example", "https://shop.kestrel.example:8443"]
    assert site.languages == ["pl", "en"]
    assert site.required_proofs == ["author", "purchase"]
    assert well_formed(site.public_key, Prefix.SITE)
    page = words(client.get(answer.location, headers=HTML))
    assert '<script type="module" src="https://avouch.test/widgets/v1/avouch.js"></script>' in page
    assert f'<avouch-form site="{site.public_key}" subject="{world.subject.slug}"></avouch-form>' in page
    assert f'<avouch-reviews site="{site.public_key}"' in page
    assert f'<avouch-badge site="{site.public_key}"></avouch-badge>' in page
    assert audited("site.created", world.supplier.id)[-1].target_id == site.id


def test_alice_changes_a_site_and_its_key_stays(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    edit = f"{SITES}/{world.site.id}/edit"
    assert submit(client, edit, **{**GOOD, "name": "Product pages", "required_proofs": []}).status_code == 303
    site = newest(world)
    assert (site.name, site.public_key, site.required_proofs) == ("Product pages", world.site.public_key, ["author"])
    (entry,) = audited("site.changed", world.supplier.id)
    assert entry.detail["fields"] == ["languages", "name", "origins", "review_page_url"]


def test_a_site_can_be_switched_off_and_on(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    here = f"{SITES}/{world.site.id}"
    submit(client, f"{here}/off", page=here)
    with pytest.raises(SiteDisabled):
        queries.site_by_key(world.site.public_key)
    assert "switched off" in words(client.get(here, headers=HTML))
    submit(client, f"{here}/on", page=here)
    assert queries.site_by_key(world.site.public_key).id == world.site.id
    assert len(audited("site.switched_off", world.supplier.id)) == 1
    assert len(audited("site.switched_on", world.supplier.id)) == 1


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("origins", "", "Fill this in"),
        ("origins", "http://www.kestrel.example", "http:// works for localhost only"),
        ("origins", "https://*.kestrel.example", "Name each host"),
        ("origins", "https://www.kestrel.example/shop", "no path"),
        ("origins", "https://alice@www.kestrel.example", "user name"),
        ("origins", "www.kestrel.example", "Begin with https://"),
        ("origins", "https://www.kestrel.example\nhttps://bad host", "host name will not do"),
        ("origins", "\n".join(f"https://s{n}.kestrel.example" for n in range(21)), "At most 20"),
        ("languages", [], "at least one"),
        ("languages", ["xx"], "answers offered"),
        ("name", "", "Fill this in"),
        ("name", "x" * 121, "at most 120"),
        ("required_proofs", ["stars"], "answers offered"),
        ("review_page_url", "https://evil.example/review", "not on one of the origins"),
        ("review_page_url", "javascript:alert(1)", "https://"),
        ("review_page_url", "https://www.kestrel.example/review#top", "Leave out the #"),
    ],
)
def test_what_will_not_do_is_said_beside_the_field_and_nothing_typed_is_lost(
    client: FlaskClient, field: str, value: str | list[str], hint: str
) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    answer = submit(client, NEW, **{**GOOD, field: value})
    assert answer.status_code == 422
    assert hint in words(answer)
    assert f'id="{field}-error"' in answer.text
    assert "There is something to put right" in words(answer)
    if field != "name":
        assert 'value="Shop"' in answer.text
    assert newest(world).id == world.site.id


def test_script_in_a_sites_name_stays_text(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    submit(client, NEW, **{**GOOD, "name": "<script>alert(1)</script>\"'>"})
    for path in (SITES, f"{SITES}/{newest(world).id}", f"{SITES}/{newest(world).id}/edit"):
        assert "<script>alert" not in client.get(path, headers=HTML).text


def test_everybody_may_copy_the_code_and_only_owners_change_a_site(client: FlaskClient) -> None:
    world = make_kestrel()
    here = f"{SITES}/{world.site.id}"
    for person in (world.moderator, world.analyst):
        sign_in(client, person)
        page = client.get(here, headers=HTML)
        assert world.site.public_key in page.text
        assert "/edit" not in page.text
        token = csrf_token(page.text)
        assert client.get(f"{here}/edit", headers=HTML).status_code == 403
        assert client.get(NEW, headers=HTML).status_code == 403
        for path in (NEW, f"{here}/edit", f"{here}/off", f"{here}/on"):
            assert client.post(path, data={"csrf_token": token, **GOOD}, headers=HTML).status_code == 403


def test_another_suppliers_site_is_not_there(client: FlaskClient) -> None:
    otter = make_otter()
    tenancy.leave()
    world = make_kestrel()
    sign_in(client, world.owner)
    foreign = f"{SITES}/{otter.site.id}"
    token = csrf_token(client.get(NEW, headers=HTML).text)
    assert client.get(foreign, headers=HTML).status_code == 404
    assert client.get(f"{foreign}/edit", headers=HTML).status_code == 404
    for deed in ("edit", "off", "on"):
        assert client.post(f"{foreign}/{deed}", data={"csrf_token": token, **GOOD}, headers=HTML).status_code == 404
    assert otter.site.public_key not in client.get(SITES, headers=HTML).text


@pytest.mark.parametrize("key", ["", "x", "avs_" + "a" * 30, "avs_\ud800", "0191d7a0-0000-7000-8000-000000000000"])
def test_an_unknown_site_key_is_unknown(app: object, key: str) -> None:
    with pytest.raises(UnknownSite):
        queries.site_by_key(key)


def test_without_the_forms_token_no_site_is_made(client: FlaskClient) -> None:
    world = make_kestrel()
    sign_in(client, world.owner)
    assert client.post(NEW, data=GOOD, headers=HTML).status_code == 403
    assert newest(world).id == world.site.id
