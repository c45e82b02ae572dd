"""Print a requirements file without what the Glue image has of its own: `test_requirements.py < requirements/test.txt`.

Spark and awsglue have to be the image's: they are what is to be tested.
"""

from __future__ import annotations

import re
import sys

OF_THE_IMAGE = frozenset({"awsgluedataplanepython", "py4j", "pyspark"})


def main() -> None:
    """Copy standard input to standard output without the image's packages."""
    sys.stdout.write(without(sys.stdin.read(), OF_THE_IMAGE))


def without(requirements: str, names: frozenset[str]) -> str:
    """Return pinned requirements without some packages: a line each, with its hashes on lines that go on."""
    pins = re.findall(r"(?:.*\\\n)*.*\n", requirements)
    return "".join(pin for pin in pins if pin.partition("==")[0].strip().lower() not in names)


if __name__ == "__main__":
    main()
