"""Idempotency-Key: a write that is sent twice is done once, and answered twice with the same answer.

After IETF draft-ietf-httpapi-idempotency-key-header-07. The answer is a row in PostgreSQL, written in the
transaction of the write itself, so a crash leaves both or neither. Answers hold review links, so their
bytes are sealed. Only answers to writes that were done are kept: after a refusal nothing happened, and the
same key may be tried again with a corrected body.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, g, make_response, request
from sqlalchemy import delete, func, select

from app.core import tenancy
from app.core.actor import Actor
from app.core.clock import now
from app.core.db import db
from app.core.errors import BadRequest, Conflict, Invalid
from app.core.models import IdempotentAnswer
from app.core.secrets import seal, unseal

KEPT = timedelta(days=7)
HEADER = "Idempotency-Key"

View = TypeVar("View", bound=Callable[..., Any])

# Visible ASCII, as any client can make. The draft writes the key as a quoted string; both ways are one key.
_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?')
_KEPT_HEADERS = ("Content-Type", "Location")


class BadIdempotencyKey(BadRequest):
    """The header is there, but holds no key."""

    code = "idempotency_key_invalid"
    title = "The Idempotency-Key cannot be used"


class InFlight(Conflict):
    """Another request with the same key is being worked on."""

    code = "idempotency_in_flight"
    title = "A request with this Idempotency-Key is still being worked on"


class KeyReused(Invalid):
    """The key was used for a different request."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for a different request"


class AnswerLost(Conflict):
    """The write was done, but its answer can no longer be read (the application's key has been changed)."""

    code = "idempotency_answer_lost"
    title = "This was done before, but the answer is no longer kept"


def idempotent(view: View) -> View:
    """Have `view` obey the header. Stands below the checks of who may call it, so those run every time."""

    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:
        key = _key()
        if key is None:
            return view(*args, **kwargs)
        caller = _caller()
        fingerprint = _fingerprint()
        _hold(caller, key)
        known = _find(caller, key)
        if known is not None:
            return _replay(known, fingerprint)
        response = make_response(view(*args, **kwargs))
        if response.status_code < 400:
            _keep(caller, key, fingerprint, response)
        return response

    return cast(View, once)


def purge() -> int:
    """Forget the answers of the supplier entered that are older than KEPT; how many."""
    gone = db.session.scalars(
        delete(IdempotentAnswer)
        .where(IdempotentAnswer.supplier_id == tenancy.require(), IdempotentAnswer.created_at < now() - KEPT)
        .returning(IdempotentAnswer.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def _key() -> str | None:
    sent = request.headers.get(HEADER)
    if sent is None:
        return None
    match = _KEY.fullmatch(sent.strip())
    if match is None:
        raise BadIdempotencyKey(
            "The key must be 1 to 255 visible ASCII characters.", remedy="Send a fresh UUID for each new write."
        )
    return match[1]


def _caller() -> uuid.UUID:
    actor: Actor = g.actor
    if actor.id is None:
        raise RuntimeError("an idempotent view was reached by nobody in particular")
    return actor.id


def _fingerprint() -> bytes:
    hashed = hashlib.sha256()
    for part in (request.method.encode(), request.full_path.encode(), request.get_data(cache=True)):
        # Lengths between the parts, so that no byte can move from one to the next unnoticed.
        hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.digest()


def _hold(caller: uuid.UUID, key: str) -> None:
    """Take the key for the length of this transaction.

    Raises:
        InFlight: a twin holds it. Waiting would tie up one worker for each impatient repeat.
    """
    name = f"idempotency {tenancy.require()} {caller} {request.method} {request.path} {key}"
    held = db.session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0))))
    if not held:
        raise InFlight("The first request has not been answered yet.", remedy="Wait, then repeat it.", retry_after=1)


def _find(caller: uuid.UUID, key: str) -> IdempotentAnswer | None:
    """The answer given to this key, unless it is too old to count: then it makes room for a new one."""
    found = db.session.scalar(
        select(IdempotentAnswer).where(
            IdempotentAnswer.supplier_id == tenancy.require(),
            IdempotentAnswer.caller == caller,
            IdempotentAnswer.method == request.method,
            IdempotentAnswer.path == request.path,
            IdempotentAnswer.key == key,
        )
    )
    if found is not None and found.created_at < now() - KEPT:
        db.session.delete(found)
        db.session.flush()
        return None
    return found


def _replay(known: IdempotentAnswer, fingerprint: bytes) -> Response:
    if known.fingerprint != fingerprint:
        raise KeyReused(
            "The earlier request had another address or body.", remedy="Send a fresh key with each different write."
        )
    opened = unseal(known.sealed_body)
    if opened is None:
        raise AnswerLost("The write was done.", remedy="Read its result, or send the write with a fresh key.")
    head, _, body = opened.partition(b"\n")
    response = Response(body, status=known.status, headers=json.loads(head))
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _keep(caller: uuid.UUID, key: str, fingerprint: bytes, response: Response) -> None:
    head = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    db.session.add(
        IdempotentAnswer(
            supplier_id=tenancy.require(),
            caller=caller,
            method=request.method,
            path=request.path,
            key=key,
            fingerprint=fingerprint,
            status=response.status_code,
            sealed_body=seal(json.dumps(head).encode() + b"\n" + response.get_data()),
        )
    )
    db.session.flush()
