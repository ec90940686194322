"""Suppliers are kept apart by the database itself, and these tests fail if any part of that is missing."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from app.core import rls, tenancy
from app.core.db import Base, db
from tests import services


def test_every_table_with_a_supplier_has_forced_row_level_security(app: Flask) -> None:
    rows = db.session.execute(
        text("SELECT relname, relrowsecurity AND relforcerowsecurity AS forced FROM pg_class WHERE relkind = 'r'")
    )
    forced = {row.relname for row in rows if row.forced}
    assert len(rls.tenant_tables()) > 20
    assert set(rls.tenant_tables()) <= forced


def test_tables_without_a_supplier_are_few_and_known(app: Flask) -> None:
    without = set(Base.metadata.tables) - set(rls.tenant_tables())
    assert without == {
        "account_tokens",
        "identities",
        "operators",
        "outbox",
        "reviewers",
        "sessions",
        "suppliers",
        "users",
    }


def test_keys_between_suppliers_rows_carry_the_supplier() -> None:
    for table in Base.metadata.tables.values():
        if "supplier_id" not in table.c:
            continue
        for key in table.foreign_key_constraints:
            if "supplier_id" in key.referred_table.c:
                # A plain key would accept another supplier's row: foreign keys are checked past row-level security.
                assert "supplier_id" in [column.name for column in key.columns], f"{table.name}: {key.name}"


def test_nothing_is_seen_without_a_supplier_and_only_the_own_rows_with_one(app: Flask) -> None:
    kestrel, otter = two_suppliers()
    assert seen() == set()
    tenancy.enter(kestrel)
    assert seen() == {"kestrel"}
    tenancy.enter(otter)
    assert seen() == {"otter"}
    db.session.rollback()
    assert seen() == {"otter"}, "the setting must be made again in each transaction"
    tenancy.leave()
    assert seen() == set()


def test_another_suppliers_row_can_be_neither_written_nor_changed(app: Flask) -> None:
    kestrel, otter = two_suppliers()
    tenancy.enter(kestrel)
    assert db.session.execute(text("UPDATE subjects SET name = 'mine now'")).rowcount == 1  # type: ignore[attr-defined]
    assert db.session.execute(text("DELETE FROM subjects WHERE sku = 'otter'")).rowcount == 0  # type: ignore[attr-defined]
    with pytest.raises(DBAPIError, match="row-level security"):
        insert_subject(otter, "planted")
    db.session.rollback()


@pytest.mark.parametrize("table", ["decisions", "revisions", "audit_log"])
def test_history_cannot_be_changed_even_by_the_application(app: Flask, table: str) -> None:
    tenancy.enter(two_suppliers()[0])
    for statement in (f"UPDATE {table} SET supplier_id = supplier_id", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(DBAPIError, match="permission denied"):
            db.session.execute(text(statement))
        db.session.rollback()


def test_the_application_may_truncate_nothing(app: Flask) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        db.session.execute(text("TRUNCATE documents"))
    db.session.rollback()


def test_the_lookup_functions_reveal_a_supplier_only_for_what_was_presented(app: Flask) -> None:
    kestrel, _ = two_suppliers()
    assert tenancy.find(tenancy.Lookup.API_KEY, b"unknown") is None
    assert tenancy.find(tenancy.Lookup.SITE, b"avs_none") is None
    assert tenancy.suppliers_of(uuid.uuid4()) == []
    assert kestrel


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("ALTER TABLE reviews NO FORCE ROW LEVEL SECURITY", "reviews lacks forced row-level security"),
        ("ALTER TABLE cases DISABLE ROW LEVEL SECURITY", "cases lacks forced row-level security"),
        ("DROP POLICY tenant ON decisions", "decisions lacks forced row-level security"),
        ("ALTER ROLE avouch_app BYPASSRLS", "has BYPASSRLS"),
        ("ALTER TABLE drafts OWNER TO avouch_app", "owns the table drafts"),
        ("DROP TABLE invitations", "tables are missing"),
    ],
)
def test_a_database_that_does_not_isolate_is_refused_at_start(
    app: Flask, servers: services.Servers, damage: str, complaint: str
) -> None:
    engine = create_engine(servers.postgres.url("postgres"))
    with engine.connect() as superuser:
        superuser.execute(text(damage))
        superuser.execute(text("SET LOCAL ROLE avouch_app"))
        with pytest.raises(rls.NotIsolated, match=complaint):
            rls.assert_isolated(superuser)
        superuser.rollback()
    engine.dispose()


def test_a_superuser_is_refused_at_start(app: Flask, servers: services.Servers) -> None:
    engine = create_engine(servers.postgres.url("postgres"))
    with engine.connect() as superuser, pytest.raises(rls.NotIsolated, match="superuser"):
        rls.assert_isolated(superuser)
    engine.dispose()


def test_the_tables_are_what_the_models_say(app: Flask, servers: services.Servers) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = create_engine(servers.postgres.url("avouch_owner"))
    with engine.connect() as owner:
        context = MigrationContext.configure(owner, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert set(inspect(owner).get_table_names()) - {"alembic_version"} == set(Base.metadata.tables)
    engine.dispose()


def test_the_policies_in_the_database_are_those_of_the_code(app: Flask, servers: services.Servers) -> None:
    """The migration holds a copy of core.rls; this holds the two together."""
    with psycopg.connect(servers.postgres.dsn()) as superuser:
        policies = {
            (row[0], row[1])
            for row in superuser.execute("SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public'")
        }
    declared = {
        (words[4], words[2])
        for words in (statement.split() for statement in rls.statements())
        if words[:2] == ["CREATE", "POLICY"]
    }
    assert policies == declared


def two_suppliers() -> tuple[uuid.UUID, uuid.UUID]:
    """Two suppliers with one subject each, named after them."""
    made = []
    for name in ("kestrel", "otter"):
        supplier_id = uuid.uuid4()
        db.session.execute(
            text("INSERT INTO suppliers (id, name, slug, created_at) VALUES (:id, :name, :name, now())"),
            {"id": supplier_id, "name": name},
        )
        tenancy.enter(supplier_id)
        insert_subject(supplier_id, name)
        made.append(supplier_id)
    tenancy.leave()
    db.session.commit()
    return made[0], made[1]


def insert_subject(supplier_id: uuid.UUID, name: str) -> None:
    db.session.execute(
        text(
            "INSERT INTO subjects (supplier_id, id, slug, sku, name, kind, created_at)"
            " VALUES (:supplier, :id, :name, :name, :name, 'product', now())"
        ),
        {"supplier": supplier_id, "id": uuid.uuid4(), "name": name},
    )


def seen() -> set[str]:
    return set(db.session.scalars(text("SELECT sku FROM subjects")))
