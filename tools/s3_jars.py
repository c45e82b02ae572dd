"""The jars with which PySpark reads and writes S3: hadoop-aws and the few parts of the AWS SDK that it uses.

pip's PySpark has no hadoop-aws, and the SDK that it names as its dependency is one bundle of 280 MB (Hadoop 3.3) or
641 MB (Hadoop 3.4). What S3A really loads is listed in `s3_jars-<hadoop version>.txt`, a line a jar: its SHA-256 and
its path in Maven Central. What PySpark has already (HTTP client, Jackson, Joda, Netty) is not in the list.

    python tools/s3_jars.py     fetch what the installed PySpark needs, print the folder
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tools.fetch import MAVEN_CENTRAL, FetchError, fetch

LISTS = Path(__file__).resolve().parent
CACHE = LISTS.parent / ".cache" / "s3_jars"


class S3JarsError(Exception):
    """The jars are not there and cannot be fetched."""


def s3_jars(
    hadoop_version: str, cache: Path = CACHE, *, repository: str = MAVEN_CENTRAL, lists: Path = LISTS
) -> list[Path]:
    """Return the jars for a Hadoop version, those that are not in the cache yet fetched from Maven Central.

    Raises
    ------
    S3JarsError
        when there is no list for that version, Maven Central cannot be reached, or a jar is not what the list says
    """
    jars = []
    for path, sha256 in pinned(hadoop_version, lists).items():
        jar = cache / hadoop_version / path.rpartition("/")[2]
        if not jar.exists():
            try:
                fetch(f"{repository}/{path}", sha256, jar)
            except FetchError as error:
                raise S3JarsError(str(error)) from error
        jars.append(jar)
    return jars


def cached_s3_jars(hadoop_version: str, cache: Path = CACHE) -> list[Path]:
    """Return the jars for a Hadoop version if all of them are in the cache, else nothing. It fetches none."""
    jars = [cache / hadoop_version / path.rpartition("/")[2] for path in pinned(hadoop_version)]
    return jars if all(jar.exists() for jar in jars) else []


def bundled_hadoop() -> str:
    """Return the version of Hadoop that the installed PySpark bundles."""
    spec = find_spec("pyspark")
    places = spec.submodule_search_locations if spec else None
    found = [jar for place in places or () for jar in Path(place).glob("jars/hadoop-client-api-*.jar")]
    if not found:
        raise S3JarsError("PySpark is not installed here, so there is no Hadoop to fetch jars for. Run make install.")
    return found[0].stem.rpartition("-")[2]


def pinned(hadoop_version: str, lists: Path = LISTS) -> Mapping[str, str]:
    """Return the SHA-256 of each jar by its path in Maven Central."""
    listing = lists / f"s3_jars-{hadoop_version}.txt"
    if not listing.exists():
        raise S3JarsError(f"No jars are listed for Hadoop {hadoop_version}. Add them in {listing}.")
    lines = (line.split() for line in listing.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {path: sha256 for sha256, path in lines}


def main() -> int:
    """Fetch the jars for the installed PySpark and print the folder that they lie in."""
    try:
        jars = s3_jars(bundled_hadoop())
    except S3JarsError as error:
        sys.stderr.write(f"s3_jars: {error}\n")
        return 1
    sys.stdout.write(f"{jars[0].parent}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
