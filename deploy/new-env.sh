#!/bin/sh
# Writes .env for compose.yaml with fresh secrets: deploy/new-env.sh reviews.example "smtps://user:password@mail.example"
set -eu
cd "$(dirname "$0")/.."
if [ $# -ne 2 ]; then
    echo "usage: deploy/new-env.sh HOST SMTP_URL" >&2
    exit 2
fi
if [ -e .env ]; then
    echo ".env is there already; its secrets sign links that people hold, so it is not overwritten." >&2
    exit 1
fi
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
cat >.env <<EOF
# Secrets of this installation. Back this file up apart from the database; docs/operating.md tells how to rotate.
AVOUCH_HOST=$1
AVOUCH_SMTP_URL=$2
AVOUCH_MAIL_FROM=Avouch <no-reply@$1>
AVOUCH_CONTACT_EMAIL=help@$1
AVOUCH_OIDC_PROVIDERS=[]
AVOUCH_SECRET_KEY=$(secret)
AVOUCH_METRICS_TOKEN=$(secret)
AVOUCH_OWNER_PASSWORD=$(secret)
AVOUCH_APP_PASSWORD=$(secret)
POSTGRES_PASSWORD=$(secret)
VALKEY_JOBS_PASSWORD=$(secret)
VALKEY_LIMITS_PASSWORD=$(secret)
EOF
echo "Wrote .env. Put fullchain.pem and privkey.pem into deploy/certificates/, then: docker compose up -d"
