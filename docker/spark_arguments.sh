# shellcheck shell=bash
# Sourced: puts docker/spark.conf into the array `spark_arguments`.
#
# Not --properties-file: that would stand in for the image's own spark-defaults.conf, which has the class path of S3A.

: "${AWS_ENDPOINT_URL:?is not set: the S3 to use. In the containers docker/compose.yaml sets it; see docs/docker.md}"

spark_arguments=()
while read -r name value; do
    case "$name" in
        "" | "#"*) ;;
        *) spark_arguments+=(--conf "$name=$value") ;;
    esac
done < docker/spark.conf
