#!/bin/sh
# Pin every dependency with its hashes, for every platform, as `make lock`. test.txt takes the versions of run.txt.
set -eu
compile() { .cache/uv/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header "$@"; }

compile --python-version 3.8 requirements/uv.in -o requirements/uv.txt
compile --python-version 3.11 requirements/build.in -o requirements/build.txt
compile --python-version 3.11 pyproject.toml --extra spark -o requirements/run.txt
compile --python-version 3.11 pyproject.toml --extra spark --extra test -c requirements/run.txt -o requirements/test.txt
