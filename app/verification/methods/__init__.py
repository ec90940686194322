"""The ways of proving, one file each, and the register of them.

To add one: a file here with its NAME and its pure rules, a line in `METHODS`, and a row for it in
`strength.TABLE` (an invariant test holds the two together). Its words are translated like all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask_babel import lazy_gettext as _

from app.verification.methods import mailed_link, oidc, purchase_token, work_email
from app.verification.models import ProofKind


@dataclass(frozen=True)
class Method:
    """A way of proving: which facts it can show, and how readers are told of it."""

    name: str
    kinds: tuple[ProofKind, ...]
    words: Any  # lazily translated


METHODS = MappingProxyType(
    {
        method.name: method
        for method in (
            Method(oidc.NAME, (ProofKind.AUTHOR,), _("signed in with an account")),
            Method(mailed_link.NAME, (ProofKind.AUTHOR,), _("confirmed an e-mail address")),
            Method(work_email.NAME, (ProofKind.AFFILIATION,), _("has an e-mail address at the company")),
            Method(purchase_token.NAME, (ProofKind.PURCHASE,), _("had the link to this order")),
        )
    }
)
