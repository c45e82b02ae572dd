"""The queries that ship: the tests on DuckDB, collected again. Here they ask Trino, too, and compare."""

from __future__ import annotations

from tests.unit.sql.test_query_library import *  # noqa: F403  its tests and fixtures, whatever they are
