"""Row-level security: the policies, and the check at start that they are all in force.

Roles (core.roles): the owner migrates; the application role reads and writes and owns nothing; the
resolver role may see, of a few tables, only the supplier and a hash. See docs/security.md.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from app.core.db import Base

APP_ROLE = "avouch_app"
RESOLVER_ROLE = "avouch_resolver"

# `''` is what the setting holds after a transaction ended, and `''::uuid` raises; hence nullif.
MINE = "supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid"

# kind -> (table, what is compared with the digest). The resolver may read these columns and supplier_id.
LOOKUPS: dict[str, tuple[str, str, str]] = {
    "site": ("sites", "public_key", "public_key = convert_from(digest, 'UTF8')"),
    "api_key": ("api_keys", "key_hash", "key_hash = digest"),
    "purchase_token": ("purchase_tokens", "token_hash", "token_hash = digest"),
    "draft": ("drafts", "secret_hash", "secret_hash = digest"),
    "ticket": ("proving_tickets", "ticket_hash", "ticket_hash = digest"),
    "login_state": ("login_attempts", "state_hash", "state_hash = digest"),
    "mailed_proof": ("mailed_proofs", "token_hash", "token_hash = digest"),
    "follow": ("reviews", "follow_hash", "follow_hash = digest"),
    "member_invitation": ("member_invitations", "token_hash", "token_hash = digest"),
    "published_review": (
        "published_reviews",
        "review_id",
        "length(digest) = 16 AND review_id = encode(digest, 'hex')::uuid",
    ),
    # A review that is no longer shown: its page says so (410) instead of pretending that it never was.
    "removed_review": (
        "tombstones",
        "review_id",
        "length(digest) = 16 AND review_id = encode(digest, 'hex')::uuid",
    ),
}

# Tables that hold only what is public: anyone may read, only the supplier's own transactions may write.
PUBLIC_READ = {"documents", "publications"}


def tenant_tables() -> list[str]:
    """Every table that carries supplier_id, in name order."""
    return sorted(name for name, table in Base.metadata.tables.items() if "supplier_id" in table.c)


def statements() -> list[str]:
    """The DDL that puts row-level security in force on today's tables. Copied into the migration that uses it."""
    result: list[str] = []
    for table in tenant_tables():
        result += [f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"]
        if table in PUBLIC_READ:
            result.append(f"CREATE POLICY readers ON {table} FOR SELECT TO {APP_ROLE} USING (true)")
        check = f"({MINE} OR supplier_id IS NULL)" if table == "audit_log" else f"({MINE})"
        result.append(f"CREATE POLICY tenant ON {table} TO {APP_ROLE} USING ({MINE}) WITH CHECK {check}")
    result += grants()
    result += resolver()
    return result


def grants() -> list[str]:
    """What the application role may do. TRUNCATE and REFERENCES pass row-level security by, so it has neither."""
    result = [f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}, {RESOLVER_ROLE}"]
    for table in sorted(Base.metadata.tables):
        rights = (
            "SELECT, INSERT" if table in {"audit_log", "decisions", "revisions"} else "SELECT, INSERT, UPDATE, DELETE"
        )
        result.append(f"GRANT {rights} ON {table} TO {APP_ROLE}")
    return result


def resolver() -> list[str]:
    """The two functions that find a supplier before one is entered, and the narrow rights they run with."""
    result: list[str] = []
    for table, column, _ in LOOKUPS.values():
        result.append(f"CREATE POLICY resolver ON {table} FOR SELECT TO {RESOLVER_ROLE} USING (true)")
        result.append(f"GRANT SELECT (supplier_id, {column}) ON {table} TO {RESOLVER_ROLE}")
    result.append(f"CREATE POLICY resolver ON members FOR SELECT TO {RESOLVER_ROLE} USING (true)")
    result.append(
        f"GRANT SELECT (supplier_id, id, user_id, removed_at) ON members TO {RESOLVER_ROLE}",
    )
    branches = "\n".join(
        f"    WHEN '{kind}' THEN (SELECT t.supplier_id FROM public.{table} t WHERE {_qualify(condition, column)})"
        for kind, (table, column, condition) in LOOKUPS.items()
    )
    result.append(
        "CREATE FUNCTION supplier_of(kind text, digest bytea) RETURNS uuid\n"
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$\n"
        f"  SELECT CASE kind\n{branches}\n  END\n$$"
    )
    result.append(
        "CREATE FUNCTION suppliers_of(person uuid) RETURNS SETOF uuid\n"
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$\n"
        "  SELECT m.supplier_id FROM public.members m"
        " WHERE m.user_id = person AND m.removed_at IS NULL ORDER BY m.id\n$$"
    )
    for signature in ("supplier_of(text, bytea)", "suppliers_of(uuid)"):
        result.append(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        result.append(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP_ROLE}")
        result.append(f"ALTER FUNCTION {signature} OWNER TO {RESOLVER_ROLE}")
    return result


def _qualify(condition: str, column: str) -> str:
    return condition.replace(f"{column} =", f"t.{column} =")


class NotIsolated(RuntimeError):
    """The database would let one supplier see another's rows; the application refuses to start on it."""


def assert_isolated(connection: Connection) -> None:
    """Refuse a database in which row-level security could be passed by.

    Raises:
        NotIsolated: naming every fault.
    """
    faults = [*_role_faults(connection), *_table_faults(connection)]
    if faults:
        raise NotIsolated("Refusing to start: " + "; ".join(faults) + ".")


def _role_faults(connection: Connection) -> list[str]:
    row = connection.execute(
        text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    ).one()
    faults = []
    if row.rolsuper:
        faults.append(f"the database role {row.rolname} is a superuser, which row-level security does not bind")
    if row.rolbypassrls:
        faults.append(f"the database role {row.rolname} has BYPASSRLS")
    return faults


def _table_faults(connection: Connection) -> list[str]:
    rows = connection.execute(
        text(
            "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
            " pg_has_role(current_user, c.relowner, 'MEMBER') AS owned,"
            " EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS has_policy"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'supplier_id'"
            " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped"
        )
    ).all()
    faults = []
    for row in rows:
        if row.owned:
            faults.append(f"the application owns the table {row.relname}")
        if not (row.relrowsecurity and row.relforcerowsecurity and row.has_policy):
            faults.append(f"the table {row.relname} lacks forced row-level security")
    missing = set(tenant_tables()) - {row.relname for row in rows}
    if missing:
        faults.append(f"tables are missing ({', '.join(sorted(missing))}): run the migrations")
    return faults
