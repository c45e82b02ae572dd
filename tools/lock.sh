#!/bin/sh
# Pin every dependency with its hashes, for every platform, as `make lock`. test.txt, lambda.txt and tools.txt take the
# versions of run.txt; the Lambda runs on a Python of its own.
set -eu
compile() { .cache/uv/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header "$@"; }

compile --python-version 3.8 requirements/uv.in -o requirements/uv.txt
compile --python-version 3.11 requirements/build.in -o requirements/build.txt
compile --python-version 3.11 pyproject.toml --extra spark -o requirements/run.txt
compile --python-version 3.11 pyproject.toml --extra spark --extra test -c requirements/run.txt -o requirements/test.txt
# Glue 6.0's Spark: the pins of test.txt, which uv keeps where the file has them already, but for PySpark.
cp requirements/test.txt requirements/spark4.txt
compile --python-version 3.11 pyproject.toml --extra spark --extra test --override requirements/spark4.in -o requirements/spark4.txt
compile --python-version 3.13 requirements/lambda.in -c requirements/run.txt -o requirements/lambda.txt
compile --python-version 3.11 requirements/emulator.in -o requirements/emulator.txt
compile --python-version 3.11 requirements/checkov.in -o requirements/checkov.txt
compile --python-version 3.11 requirements/bench.in -c requirements/run.txt -o requirements/bench.txt
compile --python-version 3.11 requirements/tools.in -c requirements/run.txt -o requirements/tools.txt
compile --python-version 3.11 requirements/trino.in -o requirements/trino.txt
