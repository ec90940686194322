"""The draft API, called by the form in its frame. No cookies: the draft's own secret, in a header, opens it."""

from __future__ import annotations

import uuid

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from app.collection import limits, schemas, service, views, words
from app.collection.errors import DraftSecretMissing, ForeignOrigin
from app.core.headers import is_foreign_write
from app.core.ids import parse_id
from app.core.locale import LANGUAGES
from app.suppliers import queries as suppliers

drafts = Blueprint("drafts", __name__, url_prefix="/v/drafts")

# A draft at its widest is five texts of 20,000 characters; nothing longer is read at all.
MAX_BODY = 512 * 1024


@drafts.before_request
def _only_our_own_form() -> None:
    """Refuse other origins' pages (the secret would guard the draft; this guards the person's purse of attempts)."""
    request.max_content_length = MAX_BODY
    if is_foreign_write():
        raise ForeignOrigin(
            "This request came from another site's page.", remedy="Embed the form with <avouch-form> or an iframe."
        )


@drafts.post("")
def open_draft() -> ResponseReturnValue:
    """Begin a draft."""
    limits.spend_by_network(limits.OPEN)
    asked = schemas.OpenDraft().load(request.get_json())
    site = suppliers.site_by_key(asked["site"])
    limits.spend_by_site(limits.SITE_OPEN, site.id)
    language = asked["language"] if asked["language"] in LANGUAGES else site.languages[0]
    g.language = language
    result = service.open_draft(site, subject_slug=asked["subject"], language=language, token=asked["token"])
    return views.opened(result, site), 201


@drafts.get("/<draft_id>")
def read_draft(draft_id: str) -> ResponseReturnValue:
    """The draft, and where it stands. Polled while a window or a mailed link is open."""
    limits.spend_by_network(limits.READ)
    found = _found(draft_id)
    if found.draft.submitted_at is None:
        service.check_editable(found.draft)
    return views.whole(found.draft, found.site)


@drafts.put("/<draft_id>")
def save_draft(draft_id: str) -> ResponseReturnValue:
    """Keep what is typed."""
    limits.spend_by_network(limits.SAVE)
    found = _found(draft_id)
    asked = schemas.SAVE_DRAFT.load(request.get_json())
    saved = service.save(found.draft, seen=asked["version"], content=asked["content"], subject_slug=asked["subject"])
    return views.saved(saved, found.site)


@drafts.delete("/<draft_id>")
def discard_draft(draft_id: str) -> ResponseReturnValue:
    """Throw the draft away."""
    limits.spend_by_network(limits.SAVE)
    service.discard(_found(draft_id).draft)
    return "", 204


@drafts.post("/<draft_id>/token")
def give_token(draft_id: str) -> ResponseReturnValue:
    """Recognise a purchase token."""
    limits.spend_by_network(limits.TOKEN)
    found = _found(draft_id)
    token = schemas.GiveToken().load(request.get_json())["token"]
    service.recognise_token(found.draft, token.strip() if token is not None else None)
    return views.saved(found.draft, found.site)


@drafts.post("/<draft_id>/ticket")
def open_pop_up(draft_id: str) -> ResponseReturnValue:
    """An address for the pop-up in which the author signs in."""
    limits.spend_by_network(limits.POP_UP)
    url, expires_at = service.open_pop_up(_found(draft_id).draft)
    return {"url": url, "expires_at": expires_at}, 201


@drafts.post("/<draft_id>/mailed-link")
def mail_link(draft_id: str) -> ResponseReturnValue:
    """Mail a proving link, and say the number to be chosen behind it."""
    limits.spend_by_network(limits.MAIL)
    draft = _found(draft_id).draft
    mailed = service.mail_link(draft, schemas.AskMailedLink().load(request.get_json())["email"])
    return {"match_number": mailed.match_number, "expires_at": mailed.expires_at}, 202


@drafts.post("/<draft_id>/submit")
def submit_draft(draft_id: str) -> ResponseReturnValue:
    """Send the review."""
    limits.spend_by_network(limits.SUBMIT)
    found = _found(draft_id)
    service.check_open(found.site)
    asked = words.load(schemas.SUBMIT_DRAFT, request.get_json())
    review = service.submit(
        found.draft, seen=asked["version"], content=asked["content"], required=list(found.site.required_proofs)
    )
    return views.submitted(review), 201


def _found(draft_id: str) -> service.Found:
    """The draft that the request's secret opens, with its site. Enters the supplier."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "draft" or not secret:
        raise DraftSecretMissing(
            "Send the draft's secret in the Authorization header.", remedy="Authorization: Draft avd_…"
        )
    found = service.find(parse_id(draft_id) or uuid.UUID(int=0), secret.strip())
    g.language = found.draft.language
    return found
