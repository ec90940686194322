"""The first schema: every table, and row-level security on all that belong to a supplier.

Revision ID: 0001
Revises: none
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A copy of what app.core.rls said when this was written: a migration must not change under its own feet.
ROW_LEVEL_SECURITY = (
    "ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE api_keys FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON api_keys TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE audit_log FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON audit_log TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid OR supplier_id IS NULL)",
    "ALTER TABLE buyers ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE buyers FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON buyers TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE cases ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE cases FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON cases TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE decisions ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE decisions FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON decisions TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE documents ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE documents FORCE ROW LEVEL SECURITY",
    "CREATE POLICY readers ON documents FOR SELECT TO avouch_app USING (true)",
    "CREATE POLICY tenant ON documents TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE drafts ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE drafts FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON drafts TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE idempotent_answers ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE idempotent_answers FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON idempotent_answers TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE invitations ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE invitations FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON invitations TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE login_attempts ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE login_attempts FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON login_attempts TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE mailed_proofs ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE mailed_proofs FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON mailed_proofs TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE member_invitations ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE member_invitations FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON member_invitations TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE members ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE members FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON members TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE moderation_policies ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE moderation_policies FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON moderation_policies TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE proofs ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE proofs FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON proofs TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE proving_tickets ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE proving_tickets FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON proving_tickets TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE publications ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE publications FORCE ROW LEVEL SECURITY",
    "CREATE POLICY readers ON publications FOR SELECT TO avouch_app USING (true)",
    "CREATE POLICY tenant ON publications TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE published_reviews ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE published_reviews FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON published_reviews TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE purchase_subjects ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE purchase_subjects FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON purchase_subjects TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE purchase_tokens ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE purchase_tokens FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON purchase_tokens TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE purchases ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE purchases FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON purchases TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE ratings ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE ratings FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON ratings TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE replies ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE replies FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON replies TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE reviews ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE reviews FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON reviews TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE revisions ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE revisions FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON revisions TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE sites ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE sites FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON sites TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE subjects ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE subjects FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON subjects TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "ALTER TABLE tombstones ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE tombstones FORCE ROW LEVEL SECURITY",
    "CREATE POLICY tenant ON tombstones TO avouch_app USING (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid) WITH CHECK (supplier_id = nullif(current_setting('app.supplier_id', true), '')::uuid)",
    "GRANT USAGE ON SCHEMA public TO avouch_app, avouch_resolver",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON account_tokens TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys TO avouch_app",
    "GRANT SELECT, INSERT ON audit_log TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON buyers TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON cases TO avouch_app",
    "GRANT SELECT, INSERT ON decisions TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON documents TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON drafts TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON idempotent_answers TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON identities TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON login_attempts TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON mailed_proofs TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON member_invitations TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON members TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON moderation_policies TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON operators TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON proofs TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON proving_tickets TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON publications TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON published_reviews TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON purchase_subjects TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON purchase_tokens TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON purchases TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ratings TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON replies TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON reviewers TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON reviews TO avouch_app",
    "GRANT SELECT, INSERT ON revisions TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON sites TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON subjects TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON suppliers TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON tombstones TO avouch_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON users TO avouch_app",
    "CREATE POLICY resolver ON sites FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, public_key) ON sites TO avouch_resolver",
    "CREATE POLICY resolver ON api_keys FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, key_hash) ON api_keys TO avouch_resolver",
    "CREATE POLICY resolver ON purchase_tokens FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, token_hash) ON purchase_tokens TO avouch_resolver",
    "CREATE POLICY resolver ON drafts FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, secret_hash) ON drafts TO avouch_resolver",
    "CREATE POLICY resolver ON proving_tickets FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, ticket_hash) ON proving_tickets TO avouch_resolver",
    "CREATE POLICY resolver ON login_attempts FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, state_hash) ON login_attempts TO avouch_resolver",
    "CREATE POLICY resolver ON mailed_proofs FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, token_hash) ON mailed_proofs TO avouch_resolver",
    "CREATE POLICY resolver ON reviews FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, follow_hash) ON reviews TO avouch_resolver",
    "CREATE POLICY resolver ON member_invitations FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, token_hash) ON member_invitations TO avouch_resolver",
    "CREATE POLICY resolver ON published_reviews FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, review_id) ON published_reviews TO avouch_resolver",
    "CREATE POLICY resolver ON tombstones FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, review_id) ON tombstones TO avouch_resolver",
    "CREATE POLICY resolver ON members FOR SELECT TO avouch_resolver USING (true)",
    "GRANT SELECT (supplier_id, id, user_id, removed_at) ON members TO avouch_resolver",
    """CREATE FUNCTION supplier_of(kind text, digest bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE kind
    WHEN 'site' THEN (SELECT t.supplier_id FROM public.sites t WHERE t.public_key = convert_from(digest, 'UTF8'))
    WHEN 'api_key' THEN (SELECT t.supplier_id FROM public.api_keys t WHERE t.key_hash = digest)
    WHEN 'purchase_token' THEN (SELECT t.supplier_id FROM public.purchase_tokens t WHERE t.token_hash = digest)
    WHEN 'draft' THEN (SELECT t.supplier_id FROM public.drafts t WHERE t.secret_hash = digest)
    WHEN 'ticket' THEN (SELECT t.supplier_id FROM public.proving_tickets t WHERE t.ticket_hash = digest)
    WHEN 'login_state' THEN (SELECT t.supplier_id FROM public.login_attempts t WHERE t.state_hash = digest)
    WHEN 'mailed_proof' THEN (SELECT t.supplier_id FROM public.mailed_proofs t WHERE t.token_hash = digest)
    WHEN 'follow' THEN (SELECT t.supplier_id FROM public.reviews t WHERE t.follow_hash = digest)
    WHEN 'member_invitation' THEN (SELECT t.supplier_id FROM public.member_invitations t WHERE t.token_hash = digest)
    WHEN 'published_review' THEN (SELECT t.supplier_id FROM public.published_reviews t WHERE length(digest) = 16 AND t.review_id = encode(digest, 'hex')::uuid)
    WHEN 'removed_review' THEN (SELECT t.supplier_id FROM public.tombstones t WHERE length(digest) = 16 AND t.review_id = encode(digest, 'hex')::uuid)
  END
$$""",
    """CREATE FUNCTION suppliers_of(person uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT m.supplier_id FROM public.members m WHERE m.user_id = person AND m.removed_at IS NULL ORDER BY m.id
$$""",
    "REVOKE ALL ON FUNCTION supplier_of(text, bytea) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION supplier_of(text, bytea) TO avouch_app",
    "ALTER FUNCTION supplier_of(text, bytea) OWNER TO avouch_resolver",
    "REVOKE ALL ON FUNCTION suppliers_of(uuid) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION suppliers_of(uuid) TO avouch_app",
    "ALTER FUNCTION suppliers_of(uuid) OWNER TO avouch_resolver",
)


def upgrade() -> None:
    op.create_table(
        "account_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("principal_kind", sa.String(length=10), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose IN ('confirm_email','reset_password')", name=op.f("ck_account_tokens_purpose")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_tokens_token_hash")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("target_kind", sa.String(length=40), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "actor_kind IN ('user','operator','api_key','reviewer','policy','system')", name=op.f("ck_audit_log_actor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_target", "audit_log", ["supplier_id", "target_id", "at"], unique=False)
    op.create_table(
        "idempotent_answers",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("caller", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(length=10), nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_idempotent_answers")),
        sa.UniqueConstraint(
            "supplier_id",
            "caller",
            "method",
            "path",
            "key",
            name=op.f("uq_idempotent_answers_supplier_id_caller_method_path_key"),
        ),
    )
    op.create_table(
        "operators",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operators")),
        sa.UniqueConstraint("email", name=op.f("uq_operators_email")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("function", sa.String(length=200), nullable=False),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_dead", "outbox", ["dead_at"], unique=False, postgresql_where=sa.text("dead_at IS NOT NULL")
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "reviewers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewers")),
    )
    op.create_table(
        "sessions",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("principal_kind", sa.String(length=10), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("principal_kind IN ('user','operator')", name=op.f("ck_sessions_kind")),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_principal", "sessions", ["principal_kind", "principal_id"], unique=False)
    op.create_table(
        "suppliers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("website", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppliers")),
        sa.UniqueConstraint("slug", name=op.f("uq_suppliers_slug")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "api_keys",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.String(length=12), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.String(length=30)), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_api_keys_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_table(
        "buyers",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("name_key", sa.String(length=160), nullable=False),
        sa.Column("domains", postgresql.ARRAY(sa.String(length=253)), nullable=False),
        sa.Column("lei", sa.String(length=20), nullable=True),
        sa.Column("industry", sa.String(length=80), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_buyers_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_buyers")),
        sa.UniqueConstraint("supplier_id", "name_key", name=op.f("uq_buyers_supplier_id_name_key")),
    )
    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_proven", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_proven_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reviewer_id"], ["reviewers.id"], name=op.f("fk_identities_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identities_issuer_subject")),
    )
    op.create_table(
        "mailed_proofs",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("match_number", sa.SmallInteger(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("subject_name", sa.String(length=160), nullable=False),
        sa.Column("first_words", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_mailed_proofs_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_mailed_proofs")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_mailed_proofs_token_hash")),
    )
    op.create_index("ix_mailed_proofs_review", "mailed_proofs", ["supplier_id", "review_id"], unique=False)
    op.create_table(
        "member_invitations",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('owner','moderator','analyst')", name=op.f("ck_member_invitations_role")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_member_invitations_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_member_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_member_invitations_token_hash")),
    )
    op.create_table(
        "members",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('owner','moderator','analyst')", name=op.f("ck_members_role")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_members_supplier_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_members_user_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_members")),
    )
    op.create_index("ix_members_user", "members", ["user_id"], unique=False)
    op.create_index(
        "uq_members_active",
        "members",
        ["supplier_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "moderation_policies",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("approve_proven", sa.Boolean(), nullable=False),
        sa.Column("show_stars", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_moderation_policies_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", name=op.f("pk_moderation_policies")),
    )
    op.create_table(
        "proving_tickets",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject_name", sa.String(length=160), nullable=False),
        sa.Column("first_words", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_proving_tickets_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_proving_tickets")),
        sa.UniqueConstraint("ticket_hash", name=op.f("uq_proving_tickets_ticket_hash")),
    )
    op.create_table(
        "publications",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rated_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_publications_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", name=op.f("pk_publications")),
    )
    op.create_table(
        "published_reviews",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("subject_slug", sa.String(length=80), nullable=False),
        sa.Column("subject_name", sa.String(length=160), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("pros", sa.Text(), nullable=False),
        sa.Column("cons", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("industry", sa.String(length=80), nullable=True),
        sa.Column("duration", sa.String(length=20), nullable=True),
        sa.Column("author_name", sa.String(length=80), nullable=False),
        sa.Column("company", sa.String(length=160), nullable=True),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proofs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evidence_weight", sa.SmallInteger(), nullable=False),
        sa.Column("proofs_lapse_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("incentive", sa.String(length=160), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_published_reviews_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "review_id", name=op.f("pk_published_reviews")),
        sa.UniqueConstraint("review_id", name=op.f("uq_published_reviews_review_id")),
    )
    op.create_index(
        "ix_published_lapsing",
        "published_reviews",
        ["supplier_id", "proofs_lapse_at"],
        unique=False,
        postgresql_where=sa.text("proofs_lapse_at IS NOT NULL"),
    )
    op.create_index(
        "ix_published_newest", "published_reviews", ["supplier_id", "published_at", "review_id"], unique=False
    )
    op.create_index(
        "ix_published_subject",
        "published_reviews",
        ["supplier_id", "subject_id", "published_at", "review_id"],
        unique=False,
    )
    op.create_table(
        "ratings",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=False),
        sa.Column("stars", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("proven", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("weighted", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_ratings_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "scope_id", name=op.f("pk_ratings")),
    )
    op.create_table(
        "sites",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("public_key", sa.String(length=60), nullable=False),
        sa.Column("origins", postgresql.ARRAY(sa.String(length=300)), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.String(length=5)), nullable=False),
        sa.Column("review_page_url", sa.String(length=500), nullable=True),
        sa.Column("required_proofs", postgresql.ARRAY(sa.String(length=12)), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("'author' = ANY (required_proofs)", name=op.f("ck_sites_author_required")),
        sa.CheckConstraint(
            "required_proofs <@ ARRAY['author','affiliation','purchase']::varchar[]", name=op.f("ck_sites_proofs")
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_sites_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_sites")),
        sa.UniqueConstraint("public_key", name=op.f("uq_sites_public_key")),
    )
    op.create_table(
        "subjects",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("gtin", sa.String(length=14), nullable=True),
        sa.Column("mpn", sa.String(length=70), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('product','service','supplier')", name=op.f("ck_subjects_kind")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_subjects_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_subjects")),
        sa.UniqueConstraint("supplier_id", "sku", name=op.f("uq_subjects_supplier_id_sku")),
        sa.UniqueConstraint("supplier_id", "slug", name=op.f("uq_subjects_supplier_id_slug")),
    )
    op.create_table(
        "tombstones",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.String(length=12), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_tombstones_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "review_id", name=op.f("pk_tombstones")),
        sa.UniqueConstraint("review_id", name=op.f("uq_tombstones_review_id")),
    )
    op.create_index("ix_tombstones_newest", "tombstones", ["supplier_id", "removed_at"], unique=False)
    op.create_table(
        "documents",
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.String(length=80), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("gzipped", sa.LargeBinary(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id", "site_id"], ["sites.supplier_id", "sites.id"], name=op.f("fk_documents_supplier_id_site_id")
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_documents_supplier_id")),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_documents")),
    )
    op.create_index("ix_documents_site", "documents", ["supplier_id", "site_id"], unique=False)
    op.create_table(
        "login_attempts",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["supplier_id", "ticket_id"],
            ["proving_tickets.supplier_id", "proving_tickets.id"],
            name=op.f("fk_login_attempts_supplier_id_ticket_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_login_attempts_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_login_attempts")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_login_attempts_state_hash")),
    )
    op.create_table(
        "purchases",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("purchased_on", sa.Date(), nullable=False),
        sa.Column("buyer_id", sa.Uuid(), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=True),
        sa.Column("contact_name", sa.String(length=120), nullable=True),
        sa.Column("incentive", sa.String(length=160), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["supplier_id", "buyer_id"],
            ["buyers.supplier_id", "buyers.id"],
            name=op.f("fk_purchases_supplier_id_buyer_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_purchases_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_purchases")),
        sa.UniqueConstraint("supplier_id", "reference", name=op.f("uq_purchases_supplier_id_reference")),
    )
    op.create_index("ix_purchases_newest", "purchases", ["supplier_id", "id"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["supplier_id", "purchase_id"],
            ["purchases.supplier_id", "purchases.id"],
            name=op.f("fk_invitations_supplier_id_purchase_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_invitations_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_invitations")),
        sa.UniqueConstraint(
            "supplier_id", "purchase_id", "email", name=op.f("uq_invitations_supplier_id_purchase_id_email")
        ),
    )
    op.create_table(
        "proofs",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("method", sa.String(length=30), nullable=False),
        sa.Column("strength", sa.SmallInteger(), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=True),
        sa.Column("purchase_id", sa.Uuid(), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('author','affiliation','purchase')", name=op.f("ck_proofs_kind")),
        sa.CheckConstraint("strength BETWEEN 0 AND 100", name=op.f("ck_proofs_strength")),
        sa.ForeignKeyConstraint(["identity_id"], ["identities.id"], name=op.f("fk_proofs_identity_id")),
        sa.ForeignKeyConstraint(
            ["supplier_id", "purchase_id"],
            ["purchases.supplier_id", "purchases.id"],
            name=op.f("fk_proofs_supplier_id_purchase_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_proofs_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_proofs")),
        sa.UniqueConstraint("supplier_id", "review_id", "kind", name=op.f("uq_proofs_supplier_id_review_id_kind")),
    )
    op.create_table(
        "purchase_subjects",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id", "purchase_id"],
            ["purchases.supplier_id", "purchases.id"],
            name=op.f("fk_purchase_subjects_supplier_id_purchase_id"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id", "subject_id"],
            ["subjects.supplier_id", "subjects.id"],
            name=op.f("fk_purchase_subjects_supplier_id_subject_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_purchase_subjects_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "purchase_id", "subject_id", name=op.f("pk_purchase_subjects")),
    )
    op.create_table(
        "purchase_tokens",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by_review_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["supplier_id", "purchase_id"],
            ["purchases.supplier_id", "purchases.id"],
            name=op.f("fk_purchase_tokens_supplier_id_purchase_id"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id", "subject_id"],
            ["subjects.supplier_id", "subjects.id"],
            name=op.f("fk_purchase_tokens_supplier_id_subject_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_purchase_tokens_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_purchase_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_purchase_tokens_token_hash")),
    )
    op.create_index(
        "uq_purchase_tokens_line",
        "purchase_tokens",
        ["supplier_id", "purchase_id", "subject_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "reviews",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("purchase_id", sa.Uuid(), nullable=True),
        sa.Column("buyer_id", sa.Uuid(), nullable=True),
        sa.Column("author_state", sa.String(length=10), nullable=False),
        sa.Column("current_revision", sa.SmallInteger(), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=False),
        sa.Column("show_company", sa.Boolean(), nullable=False),
        sa.Column("author_email", sa.String(length=254), nullable=False),
        sa.Column("incentive", sa.String(length=160), nullable=True),
        sa.Column("follow_hash", sa.LargeBinary(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("author_state IN ('active','withdrawn')", name=op.f("ck_reviews_author_state")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["reviewers.id"], name=op.f("fk_reviews_reviewer_id")),
        sa.ForeignKeyConstraint(
            ["supplier_id", "buyer_id"],
            ["buyers.supplier_id", "buyers.id"],
            name=op.f("fk_reviews_supplier_id_buyer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id", "purchase_id"],
            ["purchases.supplier_id", "purchases.id"],
            name=op.f("fk_reviews_supplier_id_purchase_id"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id", "site_id"], ["sites.supplier_id", "sites.id"], name=op.f("fk_reviews_supplier_id_site_id")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id", "subject_id"],
            ["subjects.supplier_id", "subjects.id"],
            name=op.f("fk_reviews_supplier_id_subject_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_reviews_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("follow_hash", name=op.f("uq_reviews_follow_hash")),
    )
    op.create_index("ix_reviews_newest", "reviews", ["supplier_id", "id"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("purchase_token_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["supplier_id", "purchase_token_id"],
            ["purchase_tokens.supplier_id", "purchase_tokens.id"],
            name=op.f("fk_drafts_supplier_id_purchase_token_id"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id", "site_id"], ["sites.supplier_id", "sites.id"], name=op.f("fk_drafts_supplier_id_site_id")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id", "subject_id"],
            ["subjects.supplier_id", "subjects.id"],
            name=op.f("fk_drafts_supplier_id_subject_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_drafts_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_drafts_secret_hash")),
    )
    op.create_index("ix_drafts_expiry", "drafts", ["expires_at"], unique=False)
    op.create_table(
        "replies",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id", "review_id"],
            ["reviews.supplier_id", "reviews.id"],
            name=op.f("fk_replies_supplier_id_review_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_replies_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "review_id", name=op.f("pk_replies")),
    )
    op.create_table(
        "revisions",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("pros", sa.Text(), nullable=False),
        sa.Column("cons", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("duration", sa.String(length=20), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_revisions_rating")),
        sa.ForeignKeyConstraint(
            ["supplier_id", "review_id"],
            ["reviews.supplier_id", "reviews.id"],
            name=op.f("fk_revisions_supplier_id_review_id"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_revisions_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "review_id", "number", name=op.f("pk_revisions")),
    )
    op.create_table(
        "cases",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("signals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("held_because", sa.String(length=20), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open','approved','refused','superseded','withdrawn')", name=op.f("ck_cases_state")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id", "review_id", "revision"],
            ["revisions.supplier_id", "revisions.review_id", "revisions.number"],
            name=op.f("fk_cases_supplier_id_review_id_revision"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_cases_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_cases")),
        sa.UniqueConstraint(
            "supplier_id", "review_id", "revision", name=op.f("uq_cases_supplier_id_review_id_revision")
        ),
    )
    op.create_index(
        "ix_cases_queue", "cases", ["supplier_id", "id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("ix_cases_state", "cases", ["supplier_id", "state", "review_id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=True),
        sa.Column("passage", sa.Text(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'refused') = (reason IS NOT NULL AND passage IS NOT NULL AND statement IS NOT NULL)",
            name=op.f("ck_decisions_refusal_is_reasoned"),
        ),
        sa.CheckConstraint("actor_kind IN ('member','policy','operator')", name=op.f("ck_decisions_actor")),
        sa.CheckConstraint("outcome IN ('approved','refused')", name=op.f("ck_decisions_outcome")),
        sa.CheckConstraint(
            "reason IN ('confidential','abusive','private_data','discriminatory','false_or_misleading','fake','unrelated')",
            name=op.f("ck_decisions_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id", "case_id"], ["cases.supplier_id", "cases.id"], name=op.f("fk_decisions_supplier_id_case_id")
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_decisions_supplier_id")),
        sa.PrimaryKeyConstraint("supplier_id", "id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("supplier_id", "case_id", name=op.f("uq_decisions_supplier_id_case_id")),
    )
    op.create_index("ix_decisions_review", "decisions", ["supplier_id", "review_id"], unique=False)
    for statement in ROW_LEVEL_SECURITY:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION supplier_of(text, bytea)")
    op.execute("DROP FUNCTION suppliers_of(uuid)")
    op.drop_index("ix_decisions_review", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("ix_cases_state", table_name="cases")
    op.drop_index("ix_cases_queue", table_name="cases", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("cases")
    op.drop_table("revisions")
    op.drop_table("replies")
    op.drop_index("ix_drafts_expiry", table_name="drafts")
    op.drop_table("drafts")
    op.drop_index("ix_reviews_newest", table_name="reviews")
    op.drop_table("reviews")
    op.drop_index("uq_purchase_tokens_line", table_name="purchase_tokens")
    op.drop_table("purchase_tokens")
    op.drop_table("purchase_subjects")
    op.drop_table("proofs")
    op.drop_table("invitations")
    op.drop_index("ix_purchases_newest", table_name="purchases")
    op.drop_table("purchases")
    op.drop_table("login_attempts")
    op.drop_index("ix_documents_site", table_name="documents")
    op.drop_table("documents")
    op.drop_index("ix_tombstones_newest", table_name="tombstones")
    op.drop_table("tombstones")
    op.drop_table("subjects")
    op.drop_table("sites")
    op.drop_table("ratings")
    op.drop_index("ix_published_subject", table_name="published_reviews")
    op.drop_index("ix_published_newest", table_name="published_reviews")
    op.drop_index(
        "ix_published_lapsing", table_name="published_reviews", postgresql_where=sa.text("proofs_lapse_at IS NOT NULL")
    )
    op.drop_table("published_reviews")
    op.drop_table("publications")
    op.drop_table("proving_tickets")
    op.drop_table("moderation_policies")
    op.drop_index("uq_members_active", table_name="members", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_index("ix_members_user", table_name="members")
    op.drop_table("members")
    op.drop_table("member_invitations")
    op.drop_index("ix_mailed_proofs_review", table_name="mailed_proofs")
    op.drop_table("mailed_proofs")
    op.drop_table("identities")
    op.drop_table("buyers")
    op.drop_table("api_keys")
    op.drop_table("users")
    op.drop_table("suppliers")
    op.drop_index("ix_sessions_principal", table_name="sessions")
    op.drop_table("sessions")
    op.drop_table("reviewers")
    op.drop_index(
        "ix_outbox_open", table_name="outbox", postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL")
    )
    op.drop_index("ix_outbox_dead", table_name="outbox", postgresql_where=sa.text("dead_at IS NOT NULL"))
    op.drop_table("outbox")
    op.drop_table("operators")
    op.drop_table("idempotent_answers")
    op.drop_index("ix_audit_log_target", table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_table("account_tokens")
