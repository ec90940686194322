"""Words that the form's script needs after the page was rendered, in the page's language."""

from __future__ import annotations

from flask_babel import gettext as _

from app.reviews import rules


def for_form() -> dict[str, str]:
    """Sentences by key; `{name}` marks what the script fills in. Keys are named in `form.js`."""
    return {
        "saved": _("Saved {time}"),
        "saving": _("Saving…"),
        "unsaved_offline": _("Not saved yet: no connection. Your text is kept in this window, and we keep trying."),
        "unsaved_server": _(
            "Not saved yet: our server does not answer. Your text is kept in this window, and we keep trying."
        ),
        "unsaved_busy": _("Not saved yet: too many saves from your network. We try again in {seconds} seconds."),
        "unsaved_refused": _("Not saved: {detail}"),
        "restored": _("Your earlier text is back."),
        "draft_renewed": _(
            "Your earlier draft had expired, so we began a new one with the same text. Please prove again who you are."
        ),
        "discarded": _("Your draft was thrown away. You can begin again."),
        "rating_missing": _("Choose from one to five stars."),
        "title_short": _("Write a title of at least {min} characters."),
        "text_short": _("Write at least {min} characters: what did you use it for, and how did it go?"),
        "too_long": _("Shorten this by {over} characters."),
        "name_short": _("Write the name that readers will see, at least {min} characters."),
        "subject_missing": _("Choose what your review is about."),
        "email_invalid": _("Write an e-mail address like name@company.example."),
        "token_empty": _("Write the code from your order or invitation."),
        "right": _("Looks right"),
        "left": _("{left} more characters needed"),
        "proof_author_on": _("Author proven: {method}, {date}"),
        "proof_affiliation_on": _("Affiliation proven: {method}, {date}"),
        "proof_purchase_on": _("Purchase proven: {method}, {date}"),
        "proof_off": _("not proven"),
        "proof_expired": _("expired, please prove it again"),
        "method_oidc": _("sign-in"),
        "method_mailed_link": _("link by e-mail"),
        "method_work_email": _("work e-mail address"),
        "method_purchase_token": _("order code"),
        "purchase_found": _("Order {reference}, {date}, {buyer}: {subject}"),
        "missing_author": _("who you are"),
        "missing_affiliation": _("that you work for the buying company"),
        "missing_purchase": _("the purchase"),
        "missing": _("Still to be proven before you can send: {what}."),
        "nothing_missing": _("Everything this form asks for is proven. You can send your review."),
        "pop_up_open": _("A sign-in window is open. Come back here when you are done."),
        "pop_up_blocked": _("Your browser held the window back."),
        "pop_up_cancelled": _("The sign-in was not completed. You can try again, or use a link by e-mail."),
        "mail_sent": _("We sent a link to {email}. Open it, and choose this number there:"),
        "mail_failed": _("The link was not confirmed. You can ask for another one."),
        "sending": _("Sending…"),
        "failed": _("This did not work: our server does not answer. Nothing is lost. Please try again."),
        "failed_offline": _("This did not work: there is no connection. Nothing is lost. Please try again."),
        "busy": _("Too many tries. Please wait {seconds} seconds, then try again."),
        "step": _("Step {number} of {count}: {name}"),
        "received_at": _("Received {time}"),
    }


def limits_for_form() -> dict[str, dict[str, int]]:
    """The lengths that a review is held to when it is sent, so that the form can say so before."""
    return {
        "title": {"min": rules.TITLE_MIN, "max": rules.TITLE_MAX},
        "text": {"min": rules.TEXT_MIN, "max": rules.TEXT_MAX},
        "pros": {"min": 0, "max": rules.SIDE_MAX},
        "cons": {"min": 0, "max": rules.SIDE_MAX},
        "role": {"min": 0, "max": rules.ROLE_MAX},
        "display_name": {"min": rules.NAME_MIN, "max": rules.NAME_MAX},
    }
