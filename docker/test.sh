#!/usr/bin/env bash
# What `make docker-test` runs in the Glue image: pytest with the pinned test packages, on the image's own Spark.
set -euo pipefail
cd "$(dirname "$0")/.."

export PYTHONPATH="${TEST_PACKAGES:-}:${PYTHONPATH:-}"
# The project cannot be written to.
exec "${PYSPARK_PYTHON:-python3}" -m pytest -p no:cacheprovider "$@"
