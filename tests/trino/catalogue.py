"""Lakes in an emulated AWS: the files on S3, the tables and crawlers of `infra/catalog.yaml` in Glue.

Each lake gets the template as a stack of its own, and its crawlers register what lies there, as on Amazon.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import athena
from spotify_etl.catalog import Publication
from tests.stack.emulator import ACCOUNT, REGION, Emulator
from tests.trino.server import Trino

TEMPLATE = Path(__file__).parents[2] / "infra" / "catalog.yaml"


class Catalogue:
    """The emulated AWS and the Trino server on it."""

    def __init__(self, aws: Emulator, trino: Trino) -> None:
        self.trino = trino
        self._aws = aws
        self._numbers = itertools.count(1)

    def register(self, transformed: Path) -> Database:
        """Upload the curated zone of a lake and let the crawlers find it."""
        prefix = f"lake{next(self._numbers)}-"
        bucket = f"{prefix}transformed"
        self._upload(transformed, bucket)
        glue = self._aws.client("glue")
        for crawler in self._deploy(prefix, bucket):
            glue.start_crawler(Name=crawler)
        return Database(self.trino, f"{prefix.replace('-', '_')}spotify")

    def _upload(self, transformed: Path, bucket: str) -> None:
        s3 = self._aws.client("s3")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for path in sorted(transformed.rglob("*")):
            if path.is_file():
                s3.put_object(Bucket=bucket, Key=path.relative_to(transformed).as_posix(), Body=path.read_bytes())

    def _deploy(self, prefix: str, bucket: str) -> list[str]:
        """Create the template's stack; return the names of its crawlers."""
        given: Mapping[str, Any] = {
            "NamePrefix": prefix,
            "KeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
            "TransformedBucketName": bucket,
            "WorkBucketName": f"{prefix}work",
            "ScanLimitBytes": "10000000000",
            "LogRetentionDays": "30",
            "PermissionsBoundaryArn": "",
        }
        cloudformation = self._aws.client("cloudformation")
        cloudformation.create_stack(
            StackName=f"{prefix}catalog",
            TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        (stack,) = cloudformation.describe_stacks(StackName=f"{prefix}catalog")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        crawlers = self._aws.client("glue").get_crawlers()["Crawlers"]
        return [crawler["Name"] for crawler in crawlers if crawler["Name"].startswith(prefix)]


class Database:
    """One lake's database, as Trino sees it."""

    def __init__(self, trino: Trino, name: str) -> None:
        self._trino = trino
        self.name = name

    def publish(self) -> None:
        """Create the views as the state machine does: by what the engine itself says is loaded to its end."""
        answer = self.ask(athena.publication())
        self.show(Publication(dict(zip(answer.columns, map(str, answer.rows[0]), strict=True))))

    def show(self, publication: Publication) -> None:
        """Create the views that show a publication."""
        for name in athena.VIEWS:
            self.ask(publication.fill(athena.view(name)))

    def ask(self, sql: str) -> Any:
        """Ask one statement."""
        return self._trino.ask(sql.strip().rstrip(";"), self.name)
