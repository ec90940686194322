"""Pages on which a person proves something: the window, the way back from a provider, the mailed link.

None of them lies in a frame, and none acts on GET. What a page may do hangs on three things that only the
right person has together: the secret in the address, the cookie of the browser that opened the window, and
(for mailed links) the number shown in the form.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core import metrics
from app.core.db import db
from app.core.errors import Refused
from app.core.limits import Policy, network, spend
from app.core.links import absolute
from app.core.logs import log
from app.suppliers import queries as suppliers
from app.verification import browser, logins, mailed, service, tickets
from app.verification.errors import LoginDenied, LoginRefused, NotFromForm, TicketGone
from app.verification.methods import oidc
from app.verification.models import MailedProof, ProvingTicket
from app.verification.providers import Provider, all_providers, provider
from app.verification.schemas import Callback, read_number
from app.verification.words import words_for

blueprint = Blueprint("verification", __name__, url_prefix="/v", template_folder="templates")

# One network, many colleagues behind it: wide enough for them, too slow for trying numbers or states.
_SIGN_INS = Policy("proving_sign_in", "60 per 10 minutes")
_PRESSES = Policy("proving_press", "30 per 10 minutes")


@blueprint.get("/start/<ticket>")
def start(ticket: str) -> ResponseReturnValue:
    """The window: whose review this is, and how to sign in."""
    found = tickets.find(ticket)
    cookie = request.cookies.get(browser.COOKIE)
    _refuse_strangers(found, cookie)
    secret = tickets.bind(found, cookie)
    return _with_cookie(_start_page(found, ticket), secret)


@blueprint.post("/start/<ticket>/cancel")
def cancel(ticket: str) -> ResponseReturnValue:
    """ "No, this is not mine"."""
    found = tickets.find(ticket)
    tickets.check_browser(found, request.cookies.get(browser.COOKIE))
    service.cancel_window(found)
    return redirect(url_for("verification.done", outcome="cancelled", lang=found.language), 303)


@blueprint.post("/start/<ticket>/<provider_id>")
def sign_in(ticket: str, provider_id: str) -> ResponseReturnValue:
    """Off to the provider."""
    spend(_SIGN_INS, network())
    found = tickets.find(ticket)
    secret = tickets.check_browser(found, request.cookies.get(browser.COOKIE))
    g.ticket = found
    # Nothing was written; this gives the connection back, which a provider slow to answer must not hold.
    db.session.commit()
    chosen = provider(provider_id)
    chosen.metadata()
    state, secrets = logins.begin(found, chosen.id, secret)
    return redirect(oidc.authorization_url(chosen, _redirect_uri(chosen), state, secrets), 303)


@blueprint.get("/callback/<provider_id>")
def callback(provider_id: str) -> ResponseReturnValue:
    """Back from the provider. The one GET that acts: OAuth leaves no other way, and state works only once."""
    spend(_SIGN_INS, network())
    answer = Callback.read(request.args)
    taken = logins.take(answer.state, request.cookies.get(browser.COOKIE))
    g.ticket = tickets.by_id(taken.attempt.ticket_id)
    # A commit that is not at the end: the state must be used up whatever comes next, and no transaction
    # may stay open while a provider is talked to.
    db.session.commit()
    chosen = _of_this_attempt(provider_id, taken.attempt.provider)
    _check_answer(chosen, answer)
    account = oidc.redeem(chosen, _redirect_uri(chosen), answer.code or "", taken.secrets)
    service.record_sign_in(taken.attempt, account)
    # 303 at once: code and state leave the address bar, and no Referer carries them, not even to ourselves.
    onward = redirect(url_for("verification.done", outcome="proven", lang=g.ticket.language), 303)
    onward.headers["Referrer-Policy"] = "no-referrer"
    return onward


@blueprint.get("/mail/<secret>")
def mailed_page(secret: str) -> ResponseReturnValue:
    """What the mailed link opens. Looking changes nothing: mail scanners look first."""
    return _mailed_page(mailed.find(secret), secret)


@blueprint.post("/mail/<secret>")
def press_mailed(secret: str) -> ResponseReturnValue:
    """The person chose a number, or said "not mine"."""
    spend(_PRESSES, network())
    row = mailed.find(secret)
    g.language = row.language
    if "cancel" in request.form:
        mailed.cancel(row)
        return redirect(url_for("verification.done", outcome="cancelled", lang=row.language), 303)
    number = read_number(request.form.get("number", ""))
    if number is None:
        return _mailed_page(row, secret, unanswered=True), 422
    # A wrong choice is answered with a refusal and is kept all the same, or it could be tried for ever.
    g.commit_anyway = True
    service.record_mailed_link(row, number)
    return redirect(url_for("verification.done", outcome="confirmed", lang=row.language), 303)


@blueprint.get("/done")
def done() -> ResponseReturnValue:
    """The end of the window. Says nothing secret, so anybody may open it."""
    outcome = request.args.get("outcome", "")
    return render_template(
        "verification/done.html", outcome=outcome if outcome in ("proven", "confirmed", "cancelled") else "proven"
    )


@blueprint.errorhandler(Refused)
def refused(refusal: Refused) -> ResponseReturnValue:
    """Say it in the reader's words and, where the window is still good, offer another try right there."""
    metrics.REFUSALS.labels(refusal.code).inc()
    if isinstance(refusal, LoginRefused):
        log.warning("login_refused", reason=refusal.reason, provider=(request.view_args or {}).get("provider_id"))
    ticket = _still_good(g.get("ticket"))
    secret = tickets.secret_of(ticket) if ticket is not None else None
    if ticket is not None and secret is not None:
        response = make_response(_start_page(ticket, secret, refusal))
    else:
        response = make_response(
            render_template("verification/refused.html", words=words_for(refusal), code=refusal.code)
        )
    response.status_code = refusal.status
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _refuse_strangers(ticket: ProvingTicket, cookie: str | None) -> None:
    """Let in only a window that our own page opened (or its reload in the browser that is bound to it).

    Else an attacker opens a form, sends its window's address to somebody, and gets that person's identity
    under the attacker's review. Browsers cannot be made to lie in this header; one too old to send it is
    asked to use a mailed link. Our public pages hold addresses that suppliers chose, so a link there may lead
    here too: those pages name themselves as Referer, which the form (`no-referrer`) never does.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site == "same-origin" and (not request.referrer or _is_ours(request.referrer)):
        return
    if site in {"none", "same-origin"} and tickets.is_bound_to(ticket, cookie):
        return
    g.language = ticket.language
    raise NotFromForm(remedy="Go back to the review form and press the button there.")


def _is_ours(referrer: str) -> bool:
    """Whether a page of this very group led here, on which no address of a supplier's stands."""
    try:
        return urlsplit(referrer).path.startswith(f"{blueprint.url_prefix}/")
    except ValueError:
        return False


def _of_this_attempt(provider_id: str, begun_with: str) -> Provider:
    # Each provider has its own redirect URI: an answer at another's is a mix-up (RFC 9700, 4.4).
    if provider_id != begun_with:
        raise LoginRefused("the answer came to another provider's address")
    return provider(provider_id)


def _check_answer(chosen: Provider, answer: Callback) -> None:
    if answer.issuer is not None and answer.issuer != chosen.config.issuer:
        raise LoginRefused("the answer names another issuer")
    if answer.issuer is None and chosen.metadata().names_itself:
        raise LoginRefused("the answer does not name its issuer, though the provider promises to")
    if answer.error is not None:
        log.info("login_denied", provider=chosen.id, error=answer.error[:60])
        raise LoginDenied(remedy="Try again, or choose another way.")
    if answer.code is None:
        raise LoginRefused("the answer holds no code")


def _still_good(ticket: ProvingTicket | None) -> ProvingTicket | None:
    """The ticket, if the window may be used for another try."""
    if ticket is None:
        return None
    db.session.rollback()  # what was begun is not kept, and a failed statement must not stand in the way
    try:
        return tickets.by_id(ticket.id)
    except TicketGone:
        return None


def _start_page(ticket: ProvingTicket, secret: str, refusal: Refused | None = None) -> str:
    g.language = ticket.language
    g.form_action = _where_forms_may_lead()
    return render_template(
        "verification/start.html",
        ticket=ticket,
        secret=secret,
        supplier=suppliers.supplier(ticket.supplier_id),
        providers=all_providers(),
        words=words_for(refusal) if refusal else None,
    )


def _mailed_page(row: MailedProof, secret: str, *, unanswered: bool = False) -> str:
    g.language = row.language
    return render_template(
        "verification/mailed.html",
        row=row,
        secret=secret,
        supplier=suppliers.supplier(row.supplier_id),
        numbers=mailed.numbers(row, secret),
        unanswered=unanswered,
    )


def _where_forms_may_lead() -> list[str]:
    """For `form-action`, which Chromium applies to every redirect after a form is sent.

    Providers pass people on between hosts of their own that no discovery document names, so https as a whole
    is allowed on this one page; the plain-http providers of demo and tests are named.
    """
    plain = {p.config.issuer for p in all_providers() if urlsplit(p.config.issuer).scheme == "http"}
    return ["https:", *sorted(f"http://{urlsplit(issuer).netloc}" for issuer in plain)]


def _redirect_uri(chosen: Provider) -> str:
    return absolute("verification.callback", provider_id=chosen.id)


def _with_cookie(page: str, secret: str) -> Response:
    response = make_response(page)
    response.set_cookie(
        browser.COOKIE, secret, max_age=browser.COOKIE_LIFE, secure=True, httponly=True, samesite="Lax", path="/"
    )
    return response
