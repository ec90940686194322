#!/bin/sh
# Starts Valkey with one user, who may touch one key prefix only. Whoever writes to the jobs' keys decides what
# workers run, so there is no user without a password and none with administrator's rights.
#
# VALKEY_PASSWORD, VALKEY_KEYS (a prefix pattern), VALKEY_RIGHTS (more rights), VALKEY_DATA; the rest are options.
set -eu
umask 077
acl="${VALKEY_DATA:-/data}/users.acl"
cat >"$acl" <<EOF
user default off
user avouch on >$VALKEY_PASSWORD ~$VALKEY_KEYS &* +@all -@admin -@dangerous ${VALKEY_RIGHTS:-}
EOF
exec valkey-server --aclfile "$acl" --dir "${VALKEY_DATA:-/data}" --save "" "$@"
