"""Configuration: sound ones are read, nonsense is refused with a sentence that says which variable and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config import ConfigError, load

GOOD = {
    "AVOUCH_ENVIRONMENT": "production",
    "AVOUCH_EXTERNAL_URL": "https://avouch.example",
    "AVOUCH_SECRET_KEY": "k3JdR9vQ2mXw7ZpL0tYb5HsN8cFgA1eU",
    "AVOUCH_DATABASE_URL": "postgresql://avouch_app:pw@db/avouch",
    "AVOUCH_REDIS_URL": "redis://valkey/0",
    "AVOUCH_LIMITS_REDIS_URL": "redis://valkey/1",
    "AVOUCH_SMTP_URL": "smtp://mail.example:25",
    "AVOUCH_MAIL_FROM": "Avouch <no-reply@avouch.example>",
    "AVOUCH_CONTACT_EMAIL": "help@avouch.example",
}
PROVIDER = {
    "id": "acme",
    "name": "Acme",
    "issuer": "https://login.acme.example",
    "client_id": "c",
    "client_secret": "s",
}


def test_a_sound_configuration_is_read() -> None:
    settings = load(GOOD)
    assert settings.is_production
    assert settings.external_url == "https://avouch.example"
    assert settings.oidc_providers == ()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"AVOUCH_ENVIRONMENT": "staging"}, "AVOUCH_ENVIRONMENT is 'staging'; it must be one of"),
        ({"AVOUCH_EXTERNAL_URL": "http://avouch.example"}, "AVOUCH_EXTERNAL_URL must begin with https://"),
        ({"AVOUCH_EXTERNAL_URL": "https://avouch.example/app"}, "must be scheme and host only"),
        ({"AVOUCH_EXTERNAL_URL": ""}, "must be scheme and host only"),
        ({"AVOUCH_SECRET_KEY": ""}, "AVOUCH_SECRET_KEY is missing; make one with"),
        ({"AVOUCH_SECRET_KEY": "changeme"}, "AVOUCH_SECRET_KEY is too weak"),
        ({"AVOUCH_SECRET_KEY": "a" * 64}, "AVOUCH_SECRET_KEY is too weak"),
        ({"AVOUCH_SECRET_KEY_FALLBACKS": "short"}, "AVOUCH_SECRET_KEY_FALLBACKS holds a key of fewer"),
        ({"AVOUCH_DATABASE_URL": "mysql://x"}, "AVOUCH_DATABASE_URL must start with postgresql://"),
        ({"AVOUCH_DATABASE_URL": ""}, "AVOUCH_DATABASE_URL is missing"),
        ({"AVOUCH_LIMITS_REDIS_URL": "redis://valkey/0"}, "AVOUCH_LIMITS_REDIS_URL must differ"),
        ({"AVOUCH_SMTP_URL": "mail.example"}, "AVOUCH_SMTP_URL must start with smtp://"),
        ({"AVOUCH_MAIL_FROM": "nobody"}, "AVOUCH_MAIL_FROM must be an address"),
        ({"AVOUCH_MAIL_FROM": "a\r\nBcc: x@y.example"}, "AVOUCH_MAIL_FROM must be an address"),
        ({"AVOUCH_PROXY_HOPS": "two"}, "AVOUCH_PROXY_HOPS is 'two'; it must be a whole number from 0 to 5"),
        ({"AVOUCH_PROXY_HOPS": "9"}, "whole number from 0 to 5"),
        ({"AVOUCH_OUTBOUND_ALLOW": "localhost:1"}, "AVOUCH_OUTBOUND_ALLOW is for demo and tests only"),
        ({"AVOUCH_METRICS_TOKEN": "short"}, "AVOUCH_METRICS_TOKEN is too weak"),
        ({"AVOUCH_LOG_LEVEL": "LOUD"}, "AVOUCH_LOG_LEVEL is 'LOUD'"),
        ({"AVOUCH_OIDC_PROVIDERS": "{"}, "AVOUCH_OIDC_PROVIDERS must be a JSON list"),
        ({"AVOUCH_OIDC_PROVIDERS": json.dumps([PROVIDER, PROVIDER])}, "names one provider id twice"),
        ({"AVOUCH_OIDC_PROVIDERS": json.dumps([PROVIDER | {"issuer": "http://x.example"}])}, "must begin with https"),
        ({"AVOUCH_OIDC_PROVIDERS": json.dumps([PROVIDER | {"email_trust": "always"}])}, "has email_trust 'always'"),
        ({"AVOUCH_OIDC_PROVIDERS": json.dumps([PROVIDER | {"id": "A B"}])}, "use lower-case letters"),
        ({"AVOUCH_OIDC_PROVIDERS": json.dumps([PROVIDER | {"surprise": 1}])}, "must be a JSON list of objects"),
        ({"AVOUCH_SECRET_KEY_FILE": "/nowhere/at/all"}, "AVOUCH_SECRET_KEY_FILE names a file that cannot be read"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(change: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match="^(?s:.)*" + sentence.replace("(", r"\(")):
        load(GOOD | change)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as refusal:
        load({})
    assert len(str(refusal.value).splitlines()) >= 7


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(GOOD["AVOUCH_SECRET_KEY"] + "\n")
    environ = {name: value for name, value in GOOD.items() if name != "AVOUCH_SECRET_KEY"}
    assert load(environ | {"AVOUCH_SECRET_KEY_FILE": str(tmp_path / "key")}).secret_key == GOOD["AVOUCH_SECRET_KEY"]


def test_no_secret_shows_when_settings_are_printed() -> None:
    shown = repr(load(GOOD | {"AVOUCH_OIDC_PROVIDERS": json.dumps([PROVIDER | {"client_secret": "s3cr3t-value"}])}))
    for secret in (GOOD["AVOUCH_SECRET_KEY"], "s3cr3t-value", "pw@db"):
        assert secret not in shown
