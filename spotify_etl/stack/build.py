"""What a deployment needs, put together in one folder: `make package` makes `build/stack/`.

All templates, the state machine's definition, the named queries' template, and the three packages of code. The
templates name local files, so `aws cloudformation package` and `deploy` work on the folder as `spotify-etl deploy`
does; only the job's package is named by a parameter and uploaded beside them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

import athena
from spotify_etl.errors import CommandError
from spotify_etl.lambda_package import build_lambda_package, zip_entry
from spotify_etl.questions import shipped
from spotify_etl.stack.definition import state_machine

DEFAULT_TARGET = Path("build/stack")

MAIN_TEMPLATE = "main.yaml"
QUERIES_TEMPLATE = "queries.yaml"
STATE_MACHINE = "state_machine.asl.json"
LAMBDA_PACKAGE = "spotify_api_extract.zip"
JOB_SCRIPT = "spotify_load_transform.py"
JOB_PACKAGE = "load_transform.zip"

_CHECKOUT = Path(__file__).parent.parent.parent
_INFRA = _CHECKOUT / "infra"
_JOB = _CHECKOUT / "glue_jobs"

# What Athena takes for a description at most.
_DESCRIPTION = 1024


def assemble(target: Path, *, build_lambda: Callable[[Path], object] = build_lambda_package) -> Path:
    """Put the stack together in `target`, which is made, and return it.

    The same sources give the same bytes. What lies in `target` under other names is left.

    Parameters
    ----------
    target
        the folder, `build/stack` when the command builds it
    build_lambda
        what writes the Lambda's zip to the path that it is given: it asks the package index, nothing else here does

    Raises
    ------
    CommandError
        if there is no checkout, the Lambda's packages could not be downloaded, or `target` cannot be written
    """
    if not (_INFRA / MAIN_TEMPLATE).is_file():
        raise CommandError(
            f"{_INFRA / MAIN_TEMPLATE} is not there: the stack is built from the repository's checkout. "
            "Run it there, after make install."
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
        for template in sorted(_INFRA.glob("*.yaml")):
            shutil.copyfile(template, target / template.name)
        definition = state_machine((_INFRA / STATE_MACHINE).read_text(encoding="utf-8"))
        (target / STATE_MACHINE).write_text(definition, encoding="utf-8")
        (target / QUERIES_TEMPLATE).write_text(queries_template(), encoding="utf-8")
        shutil.copyfile(_JOB / JOB_SCRIPT, target / JOB_SCRIPT)
        write_job_package(target / JOB_PACKAGE)
    except OSError as error:
        raise CommandError(
            f"Cannot write {error.filename or target}: {error.strerror}. Name another folder."
        ) from error
    build_lambda(target / LAMBDA_PACKAGE)
    return target


def write_job_package(target: Path) -> Path:
    """Zip the job's package `load_transform` and return `target`: the same bytes for the same sources and zlib."""
    with zipfile.ZipFile(target, "w") as package:
        for path in sorted((_JOB / "load_transform").glob("*.py")):
            entry = zip_entry(PurePosixPath("load_transform", path.name))
            package.writestr(entry, path.read_bytes(), compresslevel=9)
    return target


def queries_template() -> str:
    """Return the template of the named queries: one for each file of athena/queries, with its defaults as literals."""
    parameters = {
        "DatabaseName": {"Type": "String", "Description": "The Glue database that holds the tables and views."},
        "WorkGroupName": {"Type": "String", "Description": "The Athena work group in which the queries are listed."},
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "spotify-etl: the named queries, made of athena/queries by make package.",
        "Parameters": parameters,
        "Resources": {_logical_id(name): _named_query(name) for name in athena.queries()},
    }
    return yaml.dump(template, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=120)


def _named_query(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Athena::NamedQuery",
        "Properties": {
            "Name": name,
            "Description": athena.question(name)[:_DESCRIPTION],
            "Database": {"Ref": "DatabaseName"},
            "WorkGroup": {"Ref": "WorkGroupName"},
            "QueryString": shipped(name).with_literals(),
        },
    }


def _logical_id(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_")) + "Query"


class _Readable(yaml.SafeDumper):
    """Writes SQL as it is, not as one quoted line."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Readable.add_representer(str, _text)


def main() -> int:
    """Build the folder and print what is in it; a fault is one line, not a traceback."""
    parser = argparse.ArgumentParser(prog="spotify_etl.stack.build", description="Put together what is deployed.")
    parser.add_argument("target", nargs="?", type=Path, default=DEFAULT_TARGET, help="default: %(default)s")
    try:
        target = assemble(parser.parse_args().target)
    except CommandError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return error.exit_code
    for path in sorted(target.iterdir()):
        sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
