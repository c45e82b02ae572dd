"""The deployable stands alone: what it imports is in its zip or in the Lambda runtime."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import lambda_extract

ALLOWED = {"lambda_extract", "boto3", "botocore", "requests", "spotipy", "mypy_boto3_s3", "mypy_boto3_secretsmanager"}


def test_it_imports_nothing_else() -> None:
    imported = set()
    for path in Path(lambda_extract.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) <= ALLOWED
