"""What the intake of reviews refuses. Codes are public; `form.js` and the documentation name them."""

from __future__ import annotations

from app.core.errors import N_, Conflict, Forbidden, Gone, Invalid, NotFound, Stale, Unauthenticated


class DraftSecretMissing(Unauthenticated):
    """No `Authorization: Draft avd_…` header."""

    code = "draft_secret_missing"
    title = N_("The secret of the draft is missing")


class DraftUnknown(NotFound):
    """No draft has this id and this secret. A wrong secret and a wrong id are the same answer on purpose."""

    code = "draft_unknown"
    title = N_("There is no such draft")


class DraftExpired(Gone):
    """The draft was left alone for too long."""

    code = "draft_expired"
    title = N_("This draft has expired")


class DraftSent(Conflict):
    """The draft has become a review; it is changed on its own page."""

    code = "draft_sent"
    title = N_("This review was already sent")


class DraftStale(Stale):
    """A newer version was saved, by another tab or device."""

    code = "draft_stale"
    title = N_("A newer version of this draft was saved elsewhere")


class SubjectUnknown(Invalid):
    """The site's supplier has no such subject."""

    code = "subject_unknown"
    title = N_("There is no such product or service here")


class SubjectMissing(Invalid):
    """A review is of something."""

    code = "subject_missing"
    title = N_("Nothing was chosen to review")


class ProofMissing(Conflict):
    """The site asks for a proof that this draft does not have (any more)."""

    code = "proof_missing"
    title = N_("Something is still to be proven")


class ForeignOrigin(Forbidden):
    """A page of somebody else called the draft API from a browser."""

    code = "foreign_origin"
    title = N_("Drafts are kept by Avouch's own form only")


class ReviewNotOpen(NotFound):
    """The review's page needs the link from the mail, opened in this browser."""

    code = "review_not_open"
    title = N_("Open the link from your mail first")
