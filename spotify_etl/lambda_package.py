"""The Lambda's deployment package: `lambda_extract` and the pinned packages it needs, for Python 3.13 on arm64.

boto3 is not in it, the Lambda runtime brings it. But the runtime's botocore uses the urllib3 of the package, since
the function's own folder comes first on the path there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from spotify_etl.errors import CommandError

DEFAULT_TARGET = Path("build/spotify_api_extract.zip")

_CHECKOUT = Path(__file__).parent.parent
_REQUIREMENTS = _CHECKOUT / "requirements" / "lambda.txt"
_EXTRACT = _CHECKOUT / "lambda_extract"

_PYTHON = "3.13"
# The runtime is Amazon Linux 2023 with glibc 2.34: what was built for an older one runs there too.
_PLATFORMS = tuple(f"{tag}_aarch64" for tag in ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34"))

# No start of the interpreter needs these; packages bring them along.
_LEFT_OUT_FOLDERS = {"__pycache__", "tests"}
# It lists the scripts of bin/ with their hashes, and these scripts hold the path of this machine's Python.
_LEFT_OUT_FILES = {"RECORD"}

_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE = 0o100644
_UNIX = 3
_MEGABYTE = 1_000_000


class PackageIndexUnreachableError(CommandError):
    """pip got no connection to the package index, PyPI if nothing else is configured."""


def build_lambda_package(target: Path) -> Path:
    """Build the zip that `spotify_api_extract` is deployed with, and return `target`.

    The pins and the code are read from the repository's checkout, so spotify_etl must be installed from there as
    editable, as `make install` does. pip downloads what it has not in its cache.

    Parameters
    ----------
    target
        The zip to write; its folder is made, and a zip of that name is replaced once the new one is complete. It has
        the same bytes on every build with the same pins, code and zlib.

    Raises
    ------
    PackageIndexUnreachableError
        If the packages could not be downloaded for want of a connection.
    CommandError
        If pip refused for another reason, there is no checkout, or `target` cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="spotify-etl-") as scratch:
        packages = Path(scratch)
        install_packages(packages)
        return write_zip(packages, target)


def install_packages(folder: Path) -> None:
    """Install the Lambda's pinned packages into a folder, for the Lambda's Python and processor.

    Raises
    ------
    CommandError
        As `build_lambda_package`.
    """
    if not _REQUIREMENTS.is_file():
        raise CommandError(
            f"{_REQUIREMENTS} is not there: the Lambda's package is built from the repository's checkout. "
            "Run it there, after make install."
        )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--target", str(folder), "--requirement", str(_REQUIREMENTS), "--require-hashes"]
    # The pins are complete for Python 3.13. Left to itself, pip would ask which dependencies this Python has.
    command += ["--no-deps"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", _PYTHON, "--no-compile"]
    command += [part for platform in _PLATFORMS for part in ("--platform", platform)]
    # Two, so that the last of them can be told from what pip says.
    command += ["--retries", "2"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        raise _fault(done.stderr)


def write_zip(packages: Path, target: Path) -> Path:
    """Zip what `install_packages` installed, with `lambda_extract` beside it, and return `target`.

    Raises
    ------
    CommandError
        If `target` cannot be written.
    """
    files = {name: packages / name for name in _kept(packages)}
    files |= {PurePosixPath("lambda_extract") / path.name: path for path in _EXTRACT.glob("*.py")}
    unfinished = target.parent / f"{target.name}.unfinished"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(unfinished, "w") as package:
            for name in sorted(files, key=str):
                package.writestr(zip_entry(name), files[name].read_bytes(), compresslevel=9)
        unfinished.replace(target)
    except OSError as error:
        raise CommandError(f"Cannot write {target}: {error.strerror}. Name another file.") from error
    finally:
        if unfinished.is_file():
            unfinished.unlink()
    return target


def _kept(packages: Path) -> Iterator[PurePosixPath]:
    for path in packages.rglob("*"):
        name = PurePosixPath(path.relative_to(packages).as_posix())
        left_out = (
            name.parts[0] == "bin"
            or name.name in _LEFT_OUT_FILES
            or name.suffix == ".pyc"
            or not _LEFT_OUT_FOLDERS.isdisjoint(name.parts)
        )
        if path.is_file() and not left_out:
            yield name


def zip_entry(name: PurePosixPath) -> zipfile.ZipInfo:
    """Return an entry that says nothing of when, by whom and on which system it was written."""
    entry = zipfile.ZipInfo(str(name), _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = _READABLE_FILE << 16
    return entry


def _fault(said: str) -> CommandError:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = next((line for line in lines if line.startswith("ERROR:")), lines[-1] if lines else "it gave no reason.")
    reason = f"pip could not install {_REQUIREMENTS.name}: {reason.removeprefix('ERROR: ')}"
    if any("Retry(total=0" in line for line in lines):
        return PackageIndexUnreachableError(f"{reason}. It got no connection to the package index: try again online.")
    return CommandError(reason)


def package_sizes(package: Path) -> tuple[int, int]:
    """Return the bytes of a zip and of what it holds."""
    with zipfile.ZipFile(package) as opened:
        return package.stat().st_size, sum(entry.file_size for entry in opened.infolist())
