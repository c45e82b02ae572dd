"""The views of the newest date: the tests on DuckDB, collected again. Here they ask Trino, too, and compare."""

from __future__ import annotations

from tests.unit.sql.test_latest_views import *  # noqa: F403  its tests and fixtures, whatever they are
