#!/bin/sh
# What the one image can be. The demo and the tests start the application by this very script.
set -eu

case "${1:-web}" in
    web)
        # granian reads GRANIAN_HOST, GRANIAN_PORT, GRANIAN_WORKERS and the like from the environment.
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
