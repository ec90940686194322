"""How often somebody may try to get in.

Where Valkey is away core.limits counts in each process for itself: not closed, because then one outage
would lock every member out; not open, because guessing must stay slow whatever happens. With a handful of
processes a guesser gains a handful of times the tries, still far too few.
"""

from __future__ import annotations

from app.accounts.models import Principal
from app.core.limits import Policy, network, spend
from app.core.secrets import keyed_hash
from app.core.text import Unclean, normal_email

# One guesser against one account is stopped first. The account's own limit is wide, since whoever can reach
# it can keep its owner out for an hour; many guessers on one account need it nevertheless.
_PAIR = Policy("sign_in.account_and_network", "10 per 10 minutes")
_ACCOUNT = Policy("sign_in.account", "60 per hour")
_NETWORK = Policy("sign_in.network", "100 per 10 minutes")
# Mails that strangers may have sent to one address, and links that may be tried.
_MAIL = Policy("account_mail.address", "4 per hour")
_MAILS = Policy("account_mail.network", "30 per hour")
_LINKS = Policy("account_link.network", "60 per 10 minutes")
_PASSWORD = Policy("password_change.user", "10 per 10 minutes")
_SUPPLIER = Policy("supplier.user", "10 per day")
_INVITE = Policy("member_invitation.supplier", "50 per day")


def count_sign_in(kind: Principal, email: str) -> None:
    """Count one try to sign in.

    Raises:
        TooMany
    """
    account = f"{kind}:{_address(email)}"
    spend(_NETWORK, network())
    spend(_PAIR, f"{account}:{network()}")
    spend(_ACCOUNT, account)


def count_mail(email: str) -> None:
    """Count one mail that a stranger has us send. The same whether there is an account or not.

    Raises:
        TooMany
    """
    spend(_MAILS, network())
    spend(_MAIL, _address(email))


def count_link() -> None:
    """Count one use of a mailed link.

    Raises:
        TooMany
    """
    spend(_LINKS, network())


def count_password(user_id: object) -> None:
    """Count one try to change a password, which also guesses at the old one.

    Raises:
        TooMany
    """
    spend(_PASSWORD, str(user_id))


def count_new_supplier(user_id: object) -> None:
    """Count one supplier made by a person.

    Raises:
        TooMany
    """
    spend(_SUPPLIER, str(user_id))


def count_invitation(supplier_id: object) -> None:
    """Count one invitation of a member.

    Raises:
        TooMany
    """
    spend(_INVITE, str(supplier_id))


def _address(email: str) -> str:
    """The address as the account has it, so another spelling is not another count; hashed for Valkey."""
    try:
        known = normal_email(email)
    except Unclean:
        known = email.strip().casefold()[:300]
    return keyed_hash("tries", known).hex()
