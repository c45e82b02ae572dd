"""What Athena is documented to answer: the tests on DuckDB, collected again. Here they ask Trino, too, and compare."""

from __future__ import annotations

from tests.unit.sql.test_athena_answers import *  # noqa: F403  its tests and fixtures, whatever they are

# It asks for the time of day, which is another one when the second engine is asked.
del test_times_are_utc  # noqa: F821  imported above
