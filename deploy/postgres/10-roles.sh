#!/bin/sh
# Run once by PostgreSQL's image when it makes its data folder: the roles of app/core/roles.sql.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set owner="$AVOUCH_OWNER_PASSWORD" --set app="$AVOUCH_APP_PASSWORD" <<'SQL'
SELECT set_config('avouch.owner_password', :'owner', false) \g /dev/null
SELECT set_config('avouch.app_password', :'app', false) \g /dev/null
\i /docker-entrypoint-initdb.d/roles.sql.in
SQL
