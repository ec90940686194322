"""What the review itself refuses."""

from __future__ import annotations

from app.core.errors import N_, Conflict, NotFound, Stale


class ReviewUnknown(NotFound):
    """There is no such review here."""

    code = "review_unknown"
    title = N_("There is no such review")


class ReviewIsWithdrawn(Conflict):
    """A withdrawn review stays as it is."""

    code = "review_withdrawn"
    title = N_("This review was withdrawn")


class RevisionStale(Stale):
    """The edit began from an older revision than the newest."""

    code = "revision_stale"
    title = N_("The review was changed since this page was opened")


class NothingChanged(Conflict):
    """A revision with the same words would only cost a moderator's time."""

    code = "nothing_changed"
    title = N_("Nothing was changed")


class TooManyRevisions(Conflict):
    """The review was edited more often than one review can be."""

    code = "too_many_revisions"
    title = N_("This review cannot be edited again")
