"""Taking a review in: a draft that keeps everything typed, and the one transaction that makes it a review."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, and_, bindparam, case, delete, literal, select, update
from sqlalchemy.orm.attributes import flag_modified

from app.catalog import queries as catalog
from app.catalog.models import Subject
from app.collection.errors import (
    DraftExpired,
    DraftSent,
    DraftStale,
    DraftUnknown,
    ProofMissing,
    SubjectMissing,
    SubjectUnknown,
)
from app.collection.models import Draft
from app.core import secrets, tenancy
from app.core.clock import now
from app.core.db import db
from app.core.errors import FieldError, Refused
from app.core.ids import new_id
from app.reviews import queries as reviews
from app.reviews import service as review_service
from app.reviews.models import Review
from app.reviews.rules import Content, first_words
from app.suppliers.errors import SiteDisabled
from app.suppliers.models import Site
from app.verification import mailed, tickets, tokens
from app.verification import service as verification
from app.verification.models import MailedProof, PurchaseToken

# From the last save. Long enough for a letter to be found again; short enough that nothing typed lies about.
DRAFT_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Found:
    """A draft that its secret opened, with its site and its subject, as they stand in the database."""

    draft: Draft
    site: Site
    # Held, though few read it: while somebody does, the session answers for it without a query.
    subject: Subject | None


@dataclass(frozen=True)
class Opened:
    """A fresh draft, its secret (told this once), and why a purchase token given with it was not taken."""

    draft: Draft
    secret: str
    token_problem: Refused | None


# Asked with every keystroke that is saved; built once.
_FIND = (
    select(Draft, Site, Subject)
    .join(Site, and_(Site.supplier_id == Draft.supplier_id, Site.id == Draft.site_id))
    .outerjoin(Subject, and_(Subject.supplier_id == Draft.supplier_id, Subject.id == Draft.subject_id))
    .where(Draft.supplier_id == bindparam("supplier_id"), Draft.id == bindparam("draft_id"))
)


_TABLE = cast(Table, Draft.__table__)
# What was typed now stands in the revision; the draft keeps no second copy of it.
_CLAIM = (
    update(_TABLE)
    .where(
        verification.held(),
        _TABLE.c.supplier_id == bindparam("the_supplier"),
        _TABLE.c.id == bindparam("the_draft"),
        _TABLE.c.version == bindparam("seen"),
        _TABLE.c.submitted_at.is_(None),
    )
    .values(submitted_at=bindparam("moment"), content={}, version=_TABLE.c.version + 1)
    .returning(_TABLE.c.id)
)


def open_draft(site: Site, *, subject_slug: str | None, language: str, token: str | None) -> Opened:
    """Begin a draft. A bad purchase token is reported, not raised: the words matter more."""
    check_open(site)
    secret = secrets.random_secret(secrets.Prefix.DRAFT)
    draft = Draft(
        supplier_id=site.supplier_id,
        id=new_id(),
        site_id=site.id,
        subject_id=_subject(subject_slug).id if subject_slug else None,
        secret_hash=secrets.digest(secret),
        language=language,
        content={},
        version=1,
        expires_at=now() + DRAFT_LIFE,
    )
    problem: Refused | None = None
    if token:
        try:
            _attach(draft, tokens.recognise(token))
        except Refused as refused:
            problem = refused
    db.session.add(draft)
    db.session.flush()
    return Opened(draft, secret, problem)


def check_open(site: Site) -> None:
    """Refuse a site that its supplier has switched off."""
    if site.disabled_at is not None:
        raise SiteDisabled(
            _("The supplier no longer takes reviews here."), remedy=_("Ask the supplier for the right address.")
        )


def find(draft_id: uuid.UUID, secret: str) -> Found:
    """The draft of this id, if `secret` is its own; enters its supplier. Sent drafts are found too."""
    digest = secrets.digest(secret)
    supplier_id = (
        tenancy.enter_by(tenancy.Lookup.DRAFT, digest) if secrets.well_formed(secret, secrets.Prefix.DRAFT) else None
    )
    if supplier_id is not None:
        row = db.session.execute(_FIND, {"supplier_id": supplier_id, "draft_id": draft_id}).one_or_none()
        if row is not None and row.Draft.secret_hash == digest:
            return Found(row.Draft, row.Site, row.Subject)
    raise DraftUnknown(
        _("This draft does not exist, or its secret is another one."), remedy=_("Begin a new draft with the same text.")
    )


def check_editable(draft: Draft) -> None:
    """Refuse a draft that was sent or has expired."""
    if draft.submitted_at is not None:
        raise DraftSent(
            _("This text is a review by now."), remedy=_("Open the link from your mail to change the review.")
        )
    if draft.expires_at <= now():
        raise DraftExpired(
            _("Nothing was written in this draft for a long time."), remedy=_("Begin a new draft with the same text.")
        )


def save(draft: Draft, *, seen: int, content: dict[str, Any], subject_slug: str | None) -> Draft:
    """Keep what is typed. `seen` is the version that the page rests on; an older one raises DraftStale."""
    check_editable(draft)
    subject_id = draft.subject_id
    # A purchase token names its subject; the picker cannot turn an order for pumps into a review of bearings.
    if subject_slug and draft.purchase_token_id is None:
        known = catalog.subject(subject_id) if subject_id else None
        subject_id = known.id if known and known.slug == subject_slug else _subject(subject_slug).id
    saved = db.session.scalar(
        update(Draft)
        .where(Draft.id == draft.id, Draft.version == seen, Draft.submitted_at.is_(None))
        .values(
            content=content,
            # Asked once more where it is written: a token may have been tied to the draft since it was read.
            subject_id=case(
                (Draft.purchase_token_id.is_(None), literal(subject_id, Draft.subject_id.type)), else_=Draft.subject_id
            ),
            version=Draft.version + 1,
            updated_at=now(),
            expires_at=now() + DRAFT_LIFE,
        )
        .returning(Draft)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if saved is None:
        raise _overtaken(draft)
    return saved


def recognise_token(draft: Draft, secret: str | None) -> None:
    """Tie a purchase token to the draft, or (None) let go of the one it has. Used up only when the review is sent."""
    check_editable(draft)
    if secret is None:
        draft.purchase_token_id = None
    else:
        _attach(draft, tokens.recognise(secret))
        # Written even where it looks unchanged: a save at the same moment may have chosen another.
        flag_modified(draft, "subject_id")
    draft.expires_at = now() + DRAFT_LIFE
    db.session.flush()


def open_pop_up(draft: Draft) -> tuple[str, Any]:
    """A one-use address for the pop-up in which the author signs in, and when it ends."""
    check_editable(draft)
    ticket, url = tickets.open_ticket(draft.id, draft.site_id, subject_of(draft).name, words_of(draft), draft.language)
    return url, ticket.expires_at


def mail_link(draft: Draft, email: str) -> MailedProof:
    """Mail a proving link to `email`; the match number in the answer is shown in the form."""
    check_editable(draft)
    return mailed.request(draft.id, draft.site_id, email, subject_of(draft).name, words_of(draft), draft.language)


def discard(draft: Draft) -> None:
    """Throw the draft away, with every proof that was collected for it."""
    check_editable(draft)
    verification.forget(draft.id)
    db.session.execute(
        delete(Draft).where(Draft.id == draft.id, Draft.submitted_at.is_(None)),
        execution_options={"synchronize_session": False},
    )


def submit(draft: Draft, *, seen: int, content: Content, required: list[str]) -> Review:
    """Make the draft a review: claim it, claim the purchase token, write proofs, review and revision.

    All in the caller's transaction, so a refusal on the way leaves the draft and the token as they were.
    Sending twice, even at the same moment, makes one review and gives both callers the same answer.
    """
    if draft.submitted_at is None and draft.expires_at <= now():
        check_editable(draft)
    subject = subject_of(draft)
    if not _claim(draft, seen):
        return _already_sent(draft)
    sealed = verification.seal(draft.id, draft.purchase_token_id)
    missing = sealed.missing(required)
    author = sealed.writer
    if missing or author is None:
        raise ProofMissing(
            _("What this site asks for is not proven yet: %(proofs)s.", proofs=", ".join(missing or ["author"])),
            remedy=_("Prove what is missing, then send again. Your text is kept."),
        )
    if not author.email:
        raise ProofMissing(
            _("Your sign-in did not tell an e-mail address, so we could not tell you of the decision."),
            remedy=_("Confirm your e-mail address by a mailed link, then send again."),
        )
    return review_service.create(
        draft.id,
        site_id=draft.site_id,
        subject_id=subject.id,
        reviewer_id=author.reviewer_id,
        content=content,
        author_email=author.email,
        language=draft.language,
        purchase=sealed.bought,
    )


def subject_of(draft: Draft) -> Subject:
    """What the draft is about; raises SubjectMissing while nothing was chosen."""
    subject = catalog.subject(draft.subject_id) if draft.subject_id else None
    if subject is None:
        detail = _("Choose what your review is about.")
        raise SubjectMissing(
            detail, remedy=_("Choose a product or service."), fields=[FieldError("/subject", "required", detail)]
        )
    return subject


def words_of(draft: Draft) -> str:
    """The first words of what was typed, by which a person recognises her own draft in another window."""
    typed = (str(draft.content.get(field, "")) for field in ("title", "text"))
    return first_words(" · ".join(words for words in typed if words.strip()))


def _claim(draft: Draft, seen: int) -> bool:
    claimed = db.session.execute(
        _CLAIM,
        {
            "held_key": verification.held_key(draft.id),
            "the_supplier": draft.supplier_id,
            "the_draft": draft.id,
            "seen": seen,
            "moment": now(),
        },
    )
    return claimed.one_or_none() is not None


def _already_sent(draft: Draft) -> Review:
    review = reviews.review(draft.id)
    if review is None:
        raise _overtaken(draft)
    return review


def _overtaken(draft: Draft) -> Refused:
    """Why a conditional update found nothing: sent meanwhile, thrown away meanwhile, or saved elsewhere."""
    db.session.expire(draft)
    current = db.session.get(Draft, (draft.supplier_id, draft.id))
    if current is None:
        return DraftUnknown(_("This draft was thrown away."), remedy=_("Begin a new draft with the same text."))
    if current.submitted_at is not None:
        return DraftSent(
            _("This text is a review by now."), remedy=_("Open the link from your mail to change the review.")
        )
    return DraftStale(
        _("Another window has saved this draft since."), remedy=_("Load the newest version, or save yours over it.")
    )


def _attach(draft: Draft, token: PurchaseToken) -> None:
    draft.purchase_token_id = token.id
    draft.subject_id = token.subject_id


def _subject(slug: str) -> Subject:
    subject = catalog.subject_by_slug(slug)
    if subject is None:
        detail = _("This supplier has nothing called “%(slug)s”.", slug=slug)
        raise SubjectUnknown(
            detail, remedy=_("Choose from the list."), fields=[FieldError("/subject", "unknown", detail)]
        )
    return subject
