-- The three roles, and who may enter the database. Run by a superuser inside the application's database;
-- running it again changes nothing but the passwords. Used by app/core/embedded.py and deploy/postgres/.
--
-- Before it, the session sets `avouch.owner_password` and `avouch.app_password` with set_config();
-- an empty one leaves the role without a password (the embedded server trusts its private socket).

DO $$
DECLARE
    role_name text;
    password text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['avouch_owner', 'avouch_app', 'avouch_resolver'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I', role_name);
        END IF;
        -- Said in full, so that a role made by hand with more rights loses them.
        EXECUTE format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', role_name);
    END LOOP;

    FOR role_name, password IN VALUES
        ('avouch_owner', current_setting('avouch.owner_password', true)),
        ('avouch_app', current_setting('avouch.app_password', true))
    LOOP
        EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', role_name, nullif(password, ''));
    END LOOP;

    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO avouch_owner, avouch_app', current_database());
END
$$;

-- Migrations hand the two lookup functions to the resolver: that takes SET on its membership, and the
-- resolver's own right to create in the schema. It cannot sign in, so nobody creates anything as it.
ALTER ROLE avouch_resolver NOLOGIN;
GRANT avouch_resolver TO avouch_owner WITH INHERIT FALSE, SET TRUE;

ALTER SCHEMA public OWNER TO avouch_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO avouch_app;
GRANT USAGE, CREATE ON SCHEMA public TO avouch_resolver;

-- A migration that waits for a lock makes everyone behind it wait; it should give up and be run again.
ALTER ROLE avouch_owner SET lock_timeout = '10s';
