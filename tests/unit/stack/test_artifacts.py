from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from spotify_etl.errors import RefusedError
from spotify_etl.stack.artifacts import Artifact, check_bucket, pack, upload
from tests.unit.stack.stubs import ACCOUNT, REGION, stubbed

MAIN = """\
Resources:
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested.yaml}}
"""
NESTED = """\
Resources:
  Function: {Type: AWS::Lambda::Function, Properties: {Code: code.zip}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("main.yaml", MAIN), ("nested.yaml", NESTED), ("code.zip", "1"), ("load_transform.zip", "2")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client: Any = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


def test_a_packages_name_tells_of_everything_below_it(folder: Path) -> None:
    first = pack(folder, "artifacts", REGION)
    assert [artifact.name for artifact in first.artifacts] == [
        "code.zip",
        "nested.yaml",
        "main.yaml",
        "load_transform.zip",
    ]
    assert first.template_url.startswith(f"https://s3.{REGION}.amazonaws.com/artifacts/spotify-etl/")
    assert first.job_package.startswith("s3://artifacts/spotify-etl/")
    assert pack(folder, "artifacts", REGION) == first

    (folder / "code.zip").write_text("3", encoding="utf-8")
    second = pack(folder, "artifacts", REGION)
    assert second.template_url != first.template_url
    assert second.job_package == first.job_package


def test_a_file_that_a_template_names_and_is_not_there(folder: Path) -> None:
    (folder / "code.zip").unlink()
    with pytest.raises(RefusedError, match=r"code\.zip that a template names is not in"):
        pack(folder, "artifacts", REGION)


def test_the_same_content_is_sent_once(s3: Any) -> None:
    told: list[str] = []
    artifacts = [Artifact("a.zip", b"12"), Artifact("b.zip", b"345")]
    assert upload(s3, "artifacts", artifacts, owner=ACCOUNT, on_upload=told.append) == 5
    assert upload(s3, "artifacts", artifacts, owner=ACCOUNT, on_upload=told.append) == 0
    assert upload(s3, "artifacts", [*artifacts, Artifact("b.zip", b"6")], owner=ACCOUNT, on_upload=told.append) == 1
    assert told == ["a.zip", "b.zip", "b.zip"]
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="artifacts")["Contents"]]
    assert len(keys) == 3
    assert s3.get_object(Bucket="artifacts", Key=artifacts[0].key)["Body"].read() == b"12"


def test_a_bucket_that_cannot_be_used(s3: Any) -> None:
    check_bucket(s3, "artifacts", owner=ACCOUNT, region=REGION)
    with pytest.raises(RefusedError, match="There is no bucket other"):
        check_bucket(s3, "other", owner=ACCOUNT, region=REGION)
    with pytest.raises(RefusedError, match="is in eu-central-1, the stack is to be in us-east-1"):
        check_bucket(s3, "artifacts", owner=ACCOUNT, region="us-east-1")


def test_another_accounts_bucket_is_refused() -> None:
    client, stubber = stubbed("s3")
    asked = {"Bucket": "artifacts", "ExpectedBucketOwner": ACCOUNT}
    stubber.add_client_error("head_bucket", "403", "Forbidden", expected_params=asked)
    with pytest.raises(RefusedError, match=f"is not of the account {ACCOUNT}"):
        check_bucket(client, "artifacts", owner=ACCOUNT, region=REGION)
