"""Avouch: verified reviews as a service."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings, load


def create_app(settings: Settings | None = None) -> Flask:
    """The application, ready to serve: configured, connected, guarded.

    Raises:
        ConfigError: the configuration makes no sense.
        NotIsolated: the database would let suppliers see each other's rows.
    """
    app = Flask(__name__, static_folder=None)
    _configure(app, settings or load())
    _connect(app)
    _serve(app)
    _check(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    from urllib.parse import urlsplit

    from app.core import logs
    from app.core.settings import attach

    attach(app, settings)
    logs.configure(settings.log_level)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SQLALCHEMY_DATABASE_URI=settings.database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": 8,
            "max_overflow": 8,
            "pool_timeout": 2,
            # An exception's text ends up in logs, and parameters are what people wrote.
            "hide_parameters": True,
            "connect_args": {
                "connect_timeout": 2,
                # No statement may hold a worker for long, nor a forgotten transaction a row.
                "options": "-c timezone=UTC -c statement_timeout=15000 -c lock_timeout=10000"
                " -c idle_in_transaction_session_timeout=120000",
            },
        },
        # `__Host-`: only over https (or this machine itself), only from this host, for the whole of it.
        SESSION_COOKIE_NAME="__Host-avouch",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=12 * 3600,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_MEMORY_SIZE=512 * 1024,
        MAX_FORM_PARTS=200,
        TRUSTED_HOSTS=[urlsplit(settings.external_url).hostname or "", *settings.trusted_hosts],
    )
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]  # the documented way to wrap a Flask app


def _connect(app: Flask) -> None:
    from app import subscriptions
    from app.core import fast_lane, limits, outbox, tenancy
    from app.core.db import db
    from app.core.settings import EXTENSION

    settings: Settings = app.extensions[EXTENSION]
    db.init_app(app)
    tenancy.init()
    outbox.init_app(app, fast_lane.init_app(app, settings.redis_url))
    limits.init_app(app, settings.limits_redis_url)
    subscriptions.connect()


def _serve(app: Flask) -> None:
    from app import routing
    from app.accounts import login
    from app.core import json, links, locale, logs, problems, templating

    json.init_app(app)
    logs.init_app(app)
    locale.init_app(app)
    problems.init_app(app)
    templating.init_app(app)
    login.init_app(app)
    app.jinja_env.globals["asset"] = links.asset
    app.jinja_env.globals["absolute"] = links.absolute
    routing.init_app(app)


def _check(app: Flask) -> None:
    from sqlalchemy.exc import OperationalError

    from app.core import rls
    from app.core.db import db
    from app.core.logs import log

    with app.app_context():
        try:
            with db.engine.connect() as connection:
                rls.assert_isolated(connection)
        except OperationalError as error:
            # A database that is away now will be there later; readiness says so, and no row can leak meanwhile.
            log.warning("database is away at start", exc_info=error)
        finally:
            # Processes are forked from this one; a shared connection would mix their conversations up.
            db.engine.dispose()
