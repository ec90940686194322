#!/bin/sh
# What the one image can be. The demo and the tests start the application by this very script.
set -eu

case "${1:-web}" in
    web)
        # granian reads GRANIAN_HOST, GRANIAN_PORT, GRANIAN_WORKERS and the like from the environment.
        # As many threads as a process has database connections (app/__init__.py): more would only queue there.
        export GRANIAN_BLOCKING_THREADS="${GRANIAN_BLOCKING_THREADS:-16}"
        # Browsers speak HTTP/2 to the proxy; telling the versions apart on each connection would be for nothing.
        export GRANIAN_HTTP="${GRANIAN_HTTP:-1}"
        exec python -m granian --interface wsgi --no-ws --respawn-failed-workers --workers-kill-timeout 20 wsgi:app
        ;;
    worker)
        exec python -m app.worker work
        ;;
    scheduler)
        exec python -m app.worker schedule
        ;;
    migrate | check | dead | create-operator)
        exec python -m app.commands "$@"
        ;;
    *)
        echo "usage: web | worker | scheduler | migrate | check | dead | create-operator EMAIL NAME" >&2
        exit 2
        ;;
esac
