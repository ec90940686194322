#!/usr/bin/env bash
# Makes .venv hold exactly what requirements-dev.lock names, every file checked against its hash.
# Quick when nothing has changed; says what it does when something has. PYTHON=… chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

lock=requirements-dev.lock
venv=.venv
stamp=$venv/.lock-installed

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

usable() { # an interpreter that runs (shims and stubs may not) and is new enough
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3 python; do
        if command -v "$candidate" >/dev/null && usable "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "Avouch needs Python 3.11 or newer, and found none."
    echo "Install it (Debian, Ubuntu: apt install python3 python3-venv) or name one: make PYTHON=/path/to/python3" >&2
    return 1
}

wanted="$(cksum "$lock")"
if [ -x $venv/bin/python ] && usable $venv/bin/python && [ "$(cat $stamp 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

if ! { [ -x $venv/bin/python ] && usable $venv/bin/python && $venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    python="$(find_python)"
    say "Making the environment $venv with $("$python" --version) …"
    rm -rf $venv
    if ! "$python" -m venv $venv; then
        rm -rf $venv
        say "This Python cannot make environments."
        echo "On Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
fi

say "Installing $(grep -c '^[a-z0-9].*==' $lock) packages from $lock (once; later starts skip this) …"
$venv/bin/python -m pip install --disable-pip-version-check --require-hashes --no-deps --progress-bar on -r $lock |
    while IFS= read -r line; do
        case $line in
            Collecting*) printf '  %s\n' "${line#Collecting }" | cut -d' ' -f1-3 ;;
            Installing*) printf '  writing files …\n' ;;
        esac
    done
printf '%s' "$wanted" >$stamp
