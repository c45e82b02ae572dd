"""The Lambda's package: its size, how long its first import takes, and which packages that time goes to.

Prints what docs/benchmarks.md has. The package is the real one, for Python 3.13 on arm64; the import is measured with
this machine's Python, which takes charset-normalizer's Python modules where the Lambda takes its compiled ones.
"""

from __future__ import annotations

import compileall
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from spotify_etl.errors import CommandError
from spotify_etl.lambda_package import build_lambda_package, package_sizes

ROUNDS = 15
HANDLER = "lambda_extract.handler"
RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six")
"""What the Lambda runtime brings."""

SHOWN = 8
STANDARD_LIBRARY = "the standard library"

_TIMED = """
import sys
sys.path[:] = [sys.argv[1], *sys.path, sys.argv[2]]
from time import perf_counter
begun = perf_counter()
import {handler}
print(perf_counter() - begun)
"""
_PROFILED = """
import sys
sys.path[:] = [sys.argv[1], *sys.path, sys.argv[2]]
import {handler}
"""


def main() -> int:
    """Build the package, measure it and print the tables."""
    with tempfile.TemporaryDirectory(prefix="spotify-etl-bench-") as scratch:
        folder = Path(scratch)
        try:
            zip_file = build_lambda_package(folder / "package.zip")
        except CommandError as error:
            sys.stderr.write(f"lambda_package: {error}\n")
            return error.exit_code
        plain, compiled = folder / "plain", folder / "compiled"
        with zipfile.ZipFile(zip_file) as opened:
            opened.extractall(plain / "package")
        _copy_runtime(plain / "runtime")
        shutil.copytree(plain, compiled)
        compileall.compile_dir(compiled, quiet=2)
        for table in (_sizes(zip_file), _import_times(plain, compiled), _shares(compiled)):
            sys.stdout.write("\n".join([*table, "", ""]))
    sys.stdout.write(_measured_on() + "\n")
    return 0


def _copy_runtime(target: Path) -> None:
    """Copy what the Lambda runtime brings, from this environment and without what is compiled."""
    target.mkdir(parents=True)
    for name in RUNTIME:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{name} is not installed here. Run make install.", name=name)
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, target)


def _sizes(zip_file: Path) -> Iterator[str]:
    zipped, unzipped = package_sizes(zip_file)
    yield from _header("The zip", "MB")
    yield f"| zipped | {zipped / 1e6:.2f} |"
    yield f"| unzipped | {unzipped / 1e6:.2f} |"


def _import_times(plain: Path, compiled: Path) -> Iterator[str]:
    """Time the states by turns, so that what else the machine does meets all of them."""
    states = {
        "nothing compiled": (plain / "package", plain / "runtime"),
        "boto3 compiled, the package not": (plain / "package", compiled / "runtime"),
        "everything compiled": (compiled / "package", compiled / "runtime"),
    }
    taken: dict[str, list[float]] = {state: [] for state in states}
    # The round before the first one only brings the files into memory.
    for number in range(ROUNDS + 1):
        for state, folders in states.items():
            seconds = float(_fresh_process(_TIMED, *folders).stdout)
            if number:
                taken[state].append(seconds)
    yield from _header(f"`import {HANDLER}`, {ROUNDS} fresh processes each", "median ms", "fastest", "slowest")
    for state, seconds_each in taken.items():
        figures = (statistics.median(seconds_each), min(seconds_each), max(seconds_each))
        yield f"| {state} | {' | '.join(f'{figure * 1000:.0f}' for figure in figures)} |"


def _shares(compiled: Path) -> Iterator[str]:
    """Attribute the import's time; `-X importtime` slows it down, so only its shares are used."""
    own: dict[str, list[float]] = {}
    nested: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        profile = _fresh_process(
            _PROFILED, compiled / "package", compiled / "runtime", options=("-X", "importtime")
        ).stderr
        by_itself, with_nested = _by_package(profile.splitlines())
        for shares, found in ((own, by_itself), (nested, with_nested)):
            for package, share in found.items():
                shares.setdefault(package, []).append(share)
    biggest = sorted(own, key=lambda package: statistics.median(own[package]), reverse=True)[:SHOWN]
    yield from _header("Share of the import, everything compiled", "by itself %", "with all it is first to import %")
    for package in biggest:
        with_nested_share = f"{statistics.median(nested[package]):.0f}" if package in nested else ""
        yield f"| {package} | {statistics.median(own[package]):.0f} | {with_nested_share} |"


def _by_package(profile: Iterable[str]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the percentages of each package's own modules, and of those with whatever they were first to import.

    The lines are `import time: self [us] | cumulative | name`, the name indented by its depth, children before their
    parent. Read from the end, each module is preceded by its importers; the handler's own comes first.
    """
    own: Counter[str] = Counter()
    nested: Counter[str] = Counter()
    importers: list[tuple[int, str]] = []
    total = 0
    for line in reversed([line for line in profile if line.startswith("import time:")]):
        own_time, all_time, name = line.removeprefix("import time:").split("|")
        depth = len(name) - len(name.lstrip())
        while importers and importers[-1][0] >= depth:
            importers.pop()
        package = _package(name.strip())
        if not importers and not name.strip().startswith("lambda_extract"):
            # What the interpreter imports for itself before.
            continue
        if not importers:
            total += int(all_time)
        own[package] += int(own_time)
        if package != STANDARD_LIBRARY and package not in {importer for _, importer in importers}:
            nested[package] += int(all_time)
        importers.append((depth, package))
    return _percent(own, total), _percent(nested, total)


def _percent(counted: Counter[str], total: int) -> dict[str, float]:
    return {package: count * 100 / total for package, count in counted.items()}


def _package(module: str) -> str:
    top_level = module.partition(".")[0]
    return STANDARD_LIBRARY if top_level in sys.stdlib_module_names else top_level


def _fresh_process(code: str, *folders: Path, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run code alone: the two folders and the standard library are its whole path, and it compiles nothing."""
    command = [sys.executable, "-I", "-S", "-B", *options, "-c", code.format(handler=HANDLER), *map(str, folders)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def _header(*names: str) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield "|---|" + "--:|" * (len(names) - 1)


def _measured_on() -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("boto3", "spotipy", "redis"))
    return (
        f"Measured on {platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}, {versions}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown processor")


if __name__ == "__main__":
    sys.exit(main())
