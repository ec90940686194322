"""The demo's sign-in provider, so that proving by OpenID Connect works without the internet.

A real provider (discovery, PKCE, ID tokens, key set) from the wheel oidc-provider-mock, with a page of ours
on which a person chooses whom to be. It asks for no password: run it on your own machine only.
"""

from __future__ import annotations

import os
import secrets
import sys
import warnings
from pathlib import Path

import flask
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader
from oidc_provider_mock import User, init_app

from demo.children import quieted
from demo.people import PEOPLE, Person
from demo.serving import serve

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


def _user(person: Person) -> User:
    claims = {"name": person.name, "email": person.email, "email_verified": person.email_verified}
    return User(sub=person.sub, claims=claims)


def provider() -> flask.Flask:
    """The provider as a WSGI application."""
    app = flask.Flask("oidc_provider_mock", static_folder=STATIC, static_url_path="/static")
    init_app(app, require_nonce=True, issue_refresh_token=False, user_claims=[_user(person) for person in PEOPLE])
    # The wheel switches Werkzeug's debugger on, which runs code for whoever reaches the port.
    app.debug = False
    app.wsgi_app = app.wsgi_app.app  # type: ignore[attr-defined,method-assign]  # take the debugger's wrapper off
    app.secret_key = secrets.token_bytes(32)
    # Ours first, then the wheel's own for the rest.
    app.jinja_loader = ChoiceLoader([FileSystemLoader(TEMPLATES / "oidc"), PackageLoader("oidc_provider_mock")])
    app.context_processor(lambda: {"people": PEOPLE})
    app.before_request(_welcome_anyone)
    return app


def _welcome_anyone() -> None:
    """Let a typed address sign in as its owner, so that any invited contact can be played."""
    if flask.request.method != "POST" or flask.request.path != "/oauth2/authorize":
        return
    sub = flask.request.form.get("sub", "").strip()
    storage = flask.g.oidc_provider_mock_storage
    if "@" in sub and storage.get_user(sub) is None:
        name = sub.partition("@")[0].replace(".", " ").title()
        storage.store_user(User(sub=sub, claims={"name": name, "email": sub, "email_verified": True}))


def main() -> None:
    """Serve the provider on the port that the command line names."""
    # Its OAuth library refuses plain http without this; the port is on loopback only.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    warnings.simplefilter("ignore")  # the wheel calls what its own libraries deprecate
    quieted()
    serve(provider(), int(sys.argv[1]))


if __name__ == "__main__":
    main()
