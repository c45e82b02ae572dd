#!/usr/bin/env bash
# What `make docker-shell` runs in the Glue image: pyspark on the emulated S3, with the lake's tables.
set -euo pipefail
cd "$(dirname "$0")/.."
source docker/spark_arguments.sh

export PYTHONPATH="$PWD/glue_jobs:${PYTHONPATH:-}"
export PYTHONSTARTUP="$PWD/docker/tables.py"
exec pyspark "${spark_arguments[@]}"
