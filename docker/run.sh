#!/usr/bin/env bash
# What `make docker-run` runs in the Glue image: the bundled sample into the emulated S3, then the job on it.
#
# Spark gets what Glue would give it: the script alone, its package as a zip, and two arguments.
set -euo pipefail
cd "$(dirname "$0")/.."
source docker/spark_arguments.sh
python=${PYSPARK_PYTHON:-python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The extract needs packages that the image lacks. Spark must not see them: the job has only what Glue has.
PYTHONPATH="$PWD:$PWD/glue_jobs:${TEST_PACKAGES:-}:${PYTHONPATH:-}" "$python" docker/put_sample.py

cp glue_jobs/spotify_load_transform.py "$scratch/"
(cd glue_jobs && "$python" -m zipfile -c "$scratch/load_transform.zip" load_transform)
spark-submit "${spark_arguments[@]}" --py-files "$scratch/load_transform.zip" "$scratch/spotify_load_transform.py" \
    --raw_uri s3://raw --transformed_uri s3://transformed | "$python" docker/summary.py
echo "Look at it: make docker-shell. Forget it: make docker-stop"
