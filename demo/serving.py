"""Serves the demo's own small pages: many at once, on loopback, without a word in the log for each."""

from __future__ import annotations

from wsgiref.types import WSGIApplication

from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: whoever watches the demo's terminal wants to see Avouch."""


def serve(application: WSGIApplication, port: int) -> None:
    """Serve until the process ends."""
    make_server("127.0.0.1", port, application, threaded=True, request_handler=_Quiet).serve_forever()
