"""The settings under which the tests run, read by the very reader that production uses."""

from __future__ import annotations

import json

from config import Settings, load

EXTERNAL_URL = "https://avouch.test"
SECRET_KEY = "tests-only-yFq0Q2Zr8Vn4cXw6Kj1LbT3d"
MAIL_FROM = "Avouch <no-reply@avouch.test>"


def environment(*, database: str, jobs: str, limits: str, smtp: str, oidc_issuer: str) -> dict[str, str]:
    """The environment variables of a test run; a test may change some and load again."""
    return {
        "AVOUCH_ENVIRONMENT": "test",
        "AVOUCH_EXTERNAL_URL": EXTERNAL_URL,
        "AVOUCH_SECRET_KEY": SECRET_KEY,
        "AVOUCH_DATABASE_URL": database,
        "AVOUCH_REDIS_URL": jobs,
        "AVOUCH_LIMITS_REDIS_URL": limits,
        "AVOUCH_SMTP_URL": smtp,
        "AVOUCH_MAIL_FROM": MAIL_FROM,
        "AVOUCH_CONTACT_EMAIL": "help@avouch.test",
        "AVOUCH_METRICS_TOKEN": "tests-only-metrics-Zr8Vn4cXw6Kj1LbT3dQ2",
        "AVOUCH_LOG_LEVEL": "WARNING",
        "AVOUCH_OUTBOUND_ALLOW": oidc_issuer.removeprefix("http://"),
        "AVOUCH_OIDC_PROVIDERS": json.dumps(
            [
                {
                    "id": "workplace",
                    "name": "Workplace sign-in",
                    "issuer": oidc_issuer,
                    "client_id": "avouch",
                    "client_secret": "tests-only",
                    "email_trust": "verified",
                }
            ]
        ),
    }


def settings(environ: dict[str, str], **changes: str) -> Settings:
    """Settings from `environ` with some variables changed."""
    return load({**environ, **changes})
