"""The Glue job `spotify_load_transform`: raw playlist JSON to partitioned Parquet.

The same script runs in the Glue console, in the aws-glue-libs image and on a laptop:

    spotify_load_transform.py --raw_uri s3://<raw bucket> --transformed_uri s3://<transformed bucket>

It loads whatever lies in `raw_data/to_be_processed/`: the prefix is the queue, there is no bookmark. What else it can
be asked for is in `load_transform.orders`; docs/operations.md has the commands. What it did is the last line of its
output, as JSON. Exit code 0: done, also with objects in quarantine and with dates that a gate holds, which it names;
1: stopped, with the reason; 2: refused, because the order names what is not there or another run is at work, and
nothing was changed.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession

from load_transform.errors import LoadError, LockedError, OrderError
from load_transform.job import run
from load_transform.orders import OPTIONAL_ARGUMENTS, parse_order

ARGUMENTS = ["raw_uri", "transformed_uri"]


def main(argv: list[str]) -> int:
    """Run the job with Glue's arguments and return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("py4j").setLevel(logging.WARNING)
    arguments = getResolvedOptions(argv, [*ARGUMENTS, *(name for name in OPTIONAL_ARGUMENTS if _is_given(argv, name))])
    try:
        order = parse_order({name: arguments[name] for name in OPTIONAL_ARGUMENTS if name in arguments})
    except LoadError as error:
        sys.stderr.write(f"spotify_load_transform: {error}\n")
        return 2
    spark = SparkSession.builder.appName("spotify_load_transform").getOrCreate()
    try:
        done = run(
            spark, arguments["raw_uri"], arguments["transformed_uri"], clock=lambda: datetime.now(UTC), order=order
        )
    except LoadError as error:
        sys.stderr.write(f"spotify_load_transform: {error}\n")
        return 2 if isinstance(error, OrderError | LockedError) else 1
    except Exception as error:
        # Whatever Spark or Hadoop throws: the whole of it for the log, a line for people.
        logging.exception("The job stopped")
        sys.stderr.write(f"spotify_load_transform: {type(error).__name__}: {first_line(error)}\n")
        return 1
    for message in done.get("messages", ()):
        sys.stderr.write(f"spotify_load_transform: {message}\n")
    sys.stdout.write(json.dumps(done) + "\n")
    return 0


def _is_given(argv: list[str], name: str) -> bool:
    return any(argument == f"--{name}" or argument.startswith(f"--{name}=") for argument in argv)


def first_line(error: Exception) -> str:
    """Return the first line of an error that says something: a Java error's is behind the name of its class."""
    java = getattr(error, "java_exception", None)
    text = str(java.toString() if java is not None else error)
    return next((line.strip() for line in text.splitlines() if line.strip()), "no message")


if __name__ == "__main__":
    exit_code = main(sys.argv)
    # Glue takes any SystemExit for a failure, also that of 0.
    if exit_code:
        sys.exit(exit_code)
