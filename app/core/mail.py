"""Mail: composed from templates in the reader's language and handed to SMTP, from inside jobs only.

Jobs carry ids and the links are derived when the mail is made (core.secrets), so no secret waits in the
database or in Valkey. The Message-ID is made from the effect's id: a repeat after a crash between SMTP's
"accepted" and our commit is the same message to every mail system that cares.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import css_inline
from flask import render_template
from flask_babel import force_locale

from app.core.clock import now
from app.core.jobs import Hopeless, Later, current_effect_id
from app.core.settings import settings

TIMEOUT = 15.0  # seconds for each step of the SMTP conversation


@dataclass(frozen=True)
class Message:
    """A mail to one person. `template` names mail/<template>.txt and .html, whose block `subject` is not used:
    the subject is given here, already in the right language or as a lazy string."""

    to: str
    subject: Any
    template: str
    context: Mapping[str, Any]
    locale: str = "en"
    headers: Mapping[str, str] = field(default_factory=dict)


def send(message: Message) -> None:
    """Compose and send.

    Raises:
        Later: the server is away or says "try again".
        Hopeless: the server refuses for good.
    """
    mail = compose(message)
    try:
        with _connect() as server:
            server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise (Hopeless if all(code >= 500 for code in codes) else Later)("the recipient was refused") from error
    except smtplib.SMTPResponseException as error:
        raise (Hopeless if error.smtp_code >= 500 else Later)(f"the mail server said {error.smtp_code}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Later(f"the mail server is away ({type(error).__name__})") from error


def compose(message: Message) -> EmailMessage:
    """The mail as it will be sent: plain text and HTML, styles inlined because mail programs want them so."""
    sender_name, sender = parseaddr(settings().mail_from)
    with force_locale(message.locale):
        subject = " ".join(str(message.subject).split())
        text = render_template(f"mail/{message.template}.txt", **message.context)
        html = render_template(f"mail/{message.template}.html", locale=message.locale, **message.context)
    mail = EmailMessage()
    # EmailMessage refuses CR and LF in headers, so nothing a person typed can add one.
    mail["Subject"] = subject
    mail["From"] = Address(sender_name, addr_spec=sender)
    mail["To"] = Address(addr_spec=message.to)
    mail["Date"] = format_datetime(now())
    domain = sender.rpartition("@")[2]
    mail["Message-ID"] = f"<{current_effect_id()}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    for name, value in message.headers.items():
        mail[name] = value
    mail.set_content(text)
    mail.add_alternative(css_inline.inline(html, load_remote_stylesheets=False), subtype="html")
    # Last, because set_content takes every header away whose name begins with "Content-".
    mail["Content-Language"] = message.locale
    return mail


def _connect() -> smtplib.SMTP:
    parts = urlsplit(settings().smtp_url)
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT)
        if parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server
