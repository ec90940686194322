"""What moderation refuses."""

from __future__ import annotations

from app.core.errors import N_, Conflict, Invalid, NotFound, Stale


class CaseUnknown(NotFound):
    """There is no such case here."""

    code = "case_unknown"
    title = N_("There is no such case")


class CaseStale(Stale):
    """The ruling rests on a view that has been overtaken: a newer revision, a withdrawal, another's ruling."""

    code = "case_stale"
    title = N_("This case has moved on since you opened it")


class RefusalIncomplete(Invalid):
    """A refusal lacks its ground, its passage or its words for the author."""

    code = "refusal_incomplete"
    title = N_("A refusal needs a reason, a passage and words for the author")


class NotPublished(Conflict):
    """Only what readers can see can be answered in public."""

    code = "not_published"
    title = N_("This review is not published")


class ReplyInvalid(Invalid):
    """The reply's text will not do."""

    code = "reply_invalid"
    title = N_("This reply will not do")
