"""The demo's post office: a real SMTP server that delivers to a page instead of to the world."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any

import flask
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.core.ids import new_id, parse_id
from demo.children import quieted
from demo.serving import serve

PAGES = Path(__file__).parent / "templates" / "mails"
STATIC = Path(__file__).parent / "static"
KEPT = 500
_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
# A mail is a stranger's page: no script, no requests, nothing of this origin.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    " sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)


@dataclass
class Folder:
    """Mails as files, named so that names sort by arrival."""

    path: Path

    def keep(self, content: bytes) -> None:
        """Write a mail down, and forget the oldest beyond KEPT."""
        waiting = self.path / f"{new_id()}.part"
        waiting.write_bytes(content)
        waiting.rename(waiting.with_suffix(".eml"))
        for old in sorted(self.path.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)

    def newest_first(self) -> list[tuple[str, EmailMessage]]:
        """Every mail with its name."""
        return [(path.stem, _parsed(path)) for path in sorted(self.path.glob("*.eml"), reverse=True)]

    def one(self, name: str) -> EmailMessage:
        """One mail; 404 where there is none."""
        path = self.path / f"{parse_id(name)}.eml"
        if not path.exists():
            flask.abort(404)
        return _parsed(path)


class Desk:
    """What aiosmtpd hands mails to."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002  # aiosmtpd's
        """Keep a mail."""
        self.folder.keep(envelope.original_content or b"")
        return "250 kept"


def pages(folder: Folder) -> flask.Flask:
    """The page that shows what was sent."""
    app = flask.Flask("demo.mails", template_folder=str(PAGES), static_folder=str(STATIC))

    @app.get("/")
    def inbox() -> str:
        return flask.render_template("inbox.html", mails=folder.newest_first())

    @app.get("/<name>")
    def mail(name: str) -> str:
        found = folder.one(name)
        return flask.render_template("mail.html", name=name, mail=found, text=_body(found, "plain"))

    @app.get("/<name>/html")
    def html(name: str) -> flask.Response:
        # Links must leave the frame, or the page behind them would be shown inside the mail.
        body = re.sub(r"(<head[^>]*>)", r'\1<base target="_top">', _body(folder.one(name), "html"), count=1)
        response = flask.Response(body, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _MAIL_POLICY
        return response

    @app.get("/mails.json")
    def machine() -> flask.Response:
        return flask.jsonify([_summary(name, one) for name, one in folder.newest_first()])

    @app.after_request
    def guard(response: flask.Response) -> flask.Response:
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def _parsed(path: Path) -> EmailMessage:
    parsed: Any = message_from_bytes(path.read_bytes(), policy=modern)
    return parsed  # type: ignore[no-any-return]  # the modern policy makes EmailMessages


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _summary(name: str, mail: EmailMessage) -> dict[str, Any]:
    text = _body(mail, "plain")
    return {
        "id": name,
        "to": str(mail["To"]),
        "subject": str(mail["Subject"]),
        "date": str(mail["Date"]),
        "text": text,
        "links": re.findall(r"https?://[^\s<>\"]+", text),
    }


def main() -> None:
    """Serve on the SMTP port, the page's port and the folder that the command line names."""
    quieted()
    folder = Folder(Path(sys.argv[3]))
    folder.path.mkdir(parents=True, exist_ok=True)
    Controller(Desk(folder), hostname="127.0.0.1", port=int(sys.argv[1]), enable_SMTPUTF8=True).start()
    serve(pages(folder), int(sys.argv[2]))


if __name__ == "__main__":
    main()
