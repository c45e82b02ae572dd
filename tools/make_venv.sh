#!/bin/sh
# Make .venv with Python 3.11, the version of Glue 5.1: so what is tested is what everyone runs.
# The machine's own Python 3.11 where there is one; else uv, from PyPI, fetches it.
set -eu

is_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

for python in python3.11 python3 python; do
    if command -v "$python" >/dev/null 2>&1 && is_311 "$python"; then
        if "$python" -m venv .venv 2>/dev/null; then
            echo "Made .venv with $(command -v "$python")"
            exit 0
        fi
        rm -rf .venv
        echo "$(command -v "$python") cannot make a virtual environment (on Debian and Ubuntu: apt-get install python3.11-venv)." >&2
    fi
done

export UV_SYSTEM_CERTS=true PIP_DISABLE_PIP_VERSION_CHECK=1
for python in python3 python; do
    if command -v "$python" >/dev/null 2>&1 && "$python" -m venv .cache/uv 2>/dev/null; then
        echo "No Python 3.11 here: downloading uv from PyPI, and Python 3.11 with it (about 50 MB)"
        uv=.cache/uv/bin/uv
        if .cache/uv/bin/python -m pip install --quiet --require-hashes -r requirements/uv.txt &&
            { "$uv" python find 3.11 >/dev/null 2>&1 || "$uv" python install --quiet 3.11; } &&
            "$("$uv" python find 3.11)" -m venv .venv; then
            exit 0
        fi
        break
    fi
done

rm -rf .venv
echo "Python 3.11 is needed and could not be fetched. Install it (python.org, apt, brew, pyenv), then run make again." >&2
exit 1
