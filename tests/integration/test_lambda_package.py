"""What is deployed: the zip as pip and the checkout make it, looked into and imported from."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import lambda_extract
from spotify_etl.errors import CommandError
from spotify_etl.lambda_package import (
    PackageIndexUnreachableError,
    build_lambda_package,
    package_sizes,
    write_zip,
)

ROOT = Path(__file__).parents[2]
AARCH64 = 183
MEGABYTE = 1_000_000

RUNTIME = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six"}
"""What the Lambda runtime brings. It has an urllib3 too, which the package's own hides."""

NOT_FOR_THE_LAMBDA = {
    *RUNTIME,
    *("athena", "glue_jobs", "load_transform", "spotify_etl", "tests"),
    *("awsglue", "duckdb", "hypothesis", "moto", "mypy", "mypy_boto3_s3", "pandas", "pip", "pyspark", "pytest"),
}

IMPORT = """
import json, sys
package, runtime = sys.argv[1:]
sys.path[:] = [package, *sys.path, runtime]
from lambda_extract.handler import lambda_handler
assert callable(lambda_handler)
files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
print(json.dumps({
    folder: sorted({name.split(".")[0] for name, file in files.items() if file.startswith(folder)})
    for folder in (package, runtime)
}))
print(json.dumps(sys.path))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip, built once: this is the one download."""
    try:
        return build_lambda_package(tmp_path_factory.mktemp("build") / "new" / "spotify_api_extract.zip")
    except PackageIndexUnreachableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as opened:
        opened.extractall(folder)
    return folder


def names(package: Path) -> list[str]:
    with zipfile.ZipFile(package) as opened:
        return opened.namelist()


def top_level(package: Path) -> set[str]:
    return {PurePosixPath(name).parts[0].removesuffix(".py") for name in names(package)}


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_it_holds_the_extract_and_what_that_imports(package: Path) -> None:
    extract = {f"lambda_extract/{path.name}" for path in Path(lambda_extract.__file__).parent.glob("*.py")}

    assert {name for name in names(package) if name.startswith("lambda_extract/")} == extract
    assert "lambda_extract/handler.py" in extract
    assert {"requests", "spotipy", "urllib3"} <= top_level(package)


def test_it_holds_nothing_that_the_runtime_has_or_that_only_others_need(package: Path) -> None:
    assert not top_level(package) & NOT_FOR_THE_LAMBDA


def test_it_holds_no_tests_scripts_or_compiled_python(package: Path) -> None:
    for name in map(PurePosixPath, names(package)):
        assert not {"__pycache__", "bin", "tests"} & set(name.parts), name
        assert name.suffix != ".pyc", name
        assert not name.name.startswith("test_"), name
        assert name.name != "conftest.py", name


def test_every_package_keeps_its_licence(package: Path) -> None:
    licensed = {
        name.partition("-")[0].replace("_", "-")
        for name in names(package)
        if re.match(r"[^/]+\.dist-info/(licenses/)?(LICEN[CS]E|COPYING)", name)
    }
    assert licensed == set(pins(ROOT / "requirements" / "lambda.txt"))


def test_compiled_modules_are_for_the_lambda_s_processor_and_python(package: Path) -> None:
    compiled = {}
    with zipfile.ZipFile(package) as opened:
        for name in opened.namelist():
            content = opened.read(name)
            if content.startswith(b"\x7fELF") or PurePosixPath(name).suffix in {".so", ".pyd", ".dylib", ".dll"}:
                compiled[name] = content
    assert compiled, "charset-normalizer has some: were they looked for in the right place?"
    for name, content in compiled.items():
        assert content[:6] == b"\x7fELF\x02\x01", name
        assert struct.unpack_from("<H", content, 18) == (AARCH64,), name
        assert name.endswith((".cpython-313-aarch64-linux-gnu.so", ".abi3.so")), name


def test_another_build_has_the_same_bytes(package: Path, unpacked: Path, tmp_path: Path) -> None:
    # The files as unpacked have other times, and here other permissions, than those that pip had installed.
    for path in unpacked.rglob("*.py"):
        path.chmod(0o700)

    again = write_zip(unpacked, tmp_path / "again.zip")

    assert again.read_bytes() == package.read_bytes()


def test_its_entries_are_sorted_and_readable_and_without_a_date(package: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        entries = opened.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_nothing_in_it_is_of_this_machine(package: Path) -> None:
    here = [os.fsencode(path) for path in (sys.executable, sys.prefix, ROOT)]
    with zipfile.ZipFile(package) as opened:
        for name in opened.namelist():
            content = opened.read(name)
            assert not any(path in content for path in here), name
            # What pip lists there are scripts whose hashes are those of this machine's paths.
            assert not name.endswith(".dist-info/RECORD")


def test_the_handler_imports_from_it_with_what_the_runtime_has(unpacked: Path, tmp_path: Path) -> None:
    # Redis, which spotipy imports, has it in Python from 3.11.3 on. Debian 12 runs this test with 3.11.2, Lambda 3.13.
    older = {"async_timeout"} if sys.version_info < (3, 11, 3) else set()
    for name in RUNTIME | older:
        spec = importlib.util.find_spec(name)
        assert spec, name
        assert spec.origin, name
        origin = Path(spec.origin)
        there = origin.parent if origin.name == "__init__.py" else origin
        (tmp_path / there.name).symlink_to(there)

    # Alone: without the environment's variables, the current folder and the site-packages.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT, str(unpacked), str(tmp_path)],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    imported, path = map(json.loads, done.stdout.splitlines())
    assert {"lambda_extract", "redis", "requests", "spotipy", "urllib3"} <= set(imported[str(unpacked)])
    assert {"boto3", "botocore"} <= set(imported[str(tmp_path)]) <= RUNTIME | older
    assert not any("site-packages" in folder for folder in path)


def test_it_is_small(package: Path) -> None:
    # Half as much again as docs/benchmarks.md has: it may grow, but not by a boto3 or a pandas.
    zipped, unzipped = package_sizes(package)
    assert zipped < 2 * MEGABYTE
    assert unzipped < 8 * MEGABYTE


def test_its_pins_are_those_that_the_tests_ran_with() -> None:
    packaged, run = (pins(ROOT / "requirements" / name) for name in ("lambda.txt", "run.txt"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        line
        for line in (ROOT / "requirements" / "lambda.in").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]

    assert packaged.items() <= run.items()
    assert wanted
    assert set(wanted) <= set(project["dependencies"])


def test_when_pip_refuses_there_is_a_line_to_read_and_the_zip_of_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    target = tmp_path / "before.zip"
    target.write_bytes(b"before")

    with pytest.raises(CommandError, match=r"^pip could not install lambda\.txt: Could not find .+$") as failed:
        build_lambda_package(target)

    assert not isinstance(failed.value, PackageIndexUnreachableError)
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_without_a_connection_the_command_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")

    done = subprocess.run(
        [sys.executable, "-m", "spotify_etl.stack.build", str(tmp_path / "stack")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"spotify_etl\.stack\.build: .+ no connection to the package index.+\n", done.stderr)


def test_a_target_that_cannot_be_written_is_named(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for target in (tmp_path, tmp_path / "file" / "x.zip"):
        with pytest.raises(CommandError, match=re.escape(f"Cannot write {target}: ")):
            write_zip(unpacked, target)
    assert not list(tmp_path.parent.glob("*.unfinished"))
