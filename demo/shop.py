"""A supplier's own shop: another origin, a strict content security policy, and Avouch embedded as the docs say."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import flask

from demo.catalogue import KESTREL, Item
from demo.children import quieted
from demo.serving import serve

PAGES = Path(__file__).parent / "templates" / "shop"
STATIC = Path(__file__).parent / "shop"


def policy(avouch: str) -> str:
    """What a careful supplier allows: itself, and Avouch where Avouch is needed. No inline script or style."""
    return (
        f"default-src 'none'; script-src 'self' {avouch}; style-src 'self'; img-src 'self' {avouch}; "
        f"connect-src {avouch}; frame-src {avouch}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )


def shop(avouch: str, facts: Path) -> flask.Flask:
    """The shop. `avouch` is Avouch's origin; `facts` the file that holds the site's public key."""
    app = flask.Flask("demo.shop", template_folder=str(PAGES), static_folder=str(STATIC), static_url_path="/static")
    by_path = {item.path: item for item in KESTREL}

    @app.context_processor
    def common() -> dict[str, Any]:
        known = json.loads(facts.read_text())
        return {"avouch": avouch, "site": known["site"], "slugs": known["subjects"], "items": KESTREL}

    @app.get("/")
    def range_of_products() -> str:
        return flask.render_template("range.html")

    @app.get("/products/<path>")
    def product(path: str) -> str:
        item = by_path.get(path) or flask.abort(404)
        return flask.render_template("product.html", item=item, others=_others(item))

    @app.get("/review")
    def review() -> str:
        return flask.render_template("review.html")

    @app.after_request
    def guard(response: flask.Response) -> flask.Response:
        response.headers["Content-Security-Policy"] = policy(avouch)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
        return response

    return app


def _others(item: Item) -> list[Item]:
    return [other for other in KESTREL if other.kind == "product" and other is not item][:3]


def main() -> None:
    """Serve on the port, for the Avouch and with the facts that the command line names."""
    quieted()
    serve(shop(sys.argv[2], Path(sys.argv[3])), int(sys.argv[1]))


if __name__ == "__main__":
    main()
