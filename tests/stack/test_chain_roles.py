"""IAM enforced by the emulator: each role does its work, and nothing beside it.

The function and the job have done theirs under their roles when the stack is given. Here each role is assumed (its
trust is widened for that: only its service may) and tries what is not its own; analysts and the state machine, whose
calls the emulator does not check by itself, do their work as well. It does not know the resources of crawlers,
and the topic refuses plain HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from load_transform.contract import TO_BE_PROCESSED
from tests.stack.chain import PREFIX, Chain
from tests.stack.emulator import ACCOUNT, REGION

Client = Callable[[str], Any]

STRANGE_BUCKET, STRANGE_SECRET = "somebody-elses", "somebody/elses"


@pytest.fixture(scope="module")
def strangers(chain: Chain) -> None:
    """What is another's: a bucket with an object, and a secret."""
    s3 = chain.aws.client("s3")
    s3.create_bucket(Bucket=STRANGE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=STRANGE_BUCKET, Key="raw_data/to_be_processed/x.json", Body=b"{}")
    chain.aws.client("secretsmanager").create_secret(Name=STRANGE_SECRET, SecretString="{}")


@pytest.fixture
def as_role(chain: Chain, strangers: None) -> Callable[[str], Client]:
    """Make clients of a role."""

    def assumed(role: str) -> Client:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        iam = chain.aws.client("iam")
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
        keys = chain.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="test"
        )["Credentials"]
        make: Any = boto3.client
        return lambda service: make(
            service,
            endpoint_url=chain.aws.url,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    return assumed


def refused(call: Callable[..., Any], **arguments: Any) -> None:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    assert raised.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}, raised.value


def test_the_function_s_role(chain: Chain, as_role: Callable[[str], Client]) -> None:
    role = as_role(f"{PREFIX}spotify-etl-extract-{REGION}")
    s3, raw = role("s3"), chain.outputs["RawBucket"]
    s3.put_object(Bucket=raw, Key="state/test.json", Body=b"{}")
    s3.get_object(Bucket=raw, Key="state/test.json")
    role("secretsmanager").get_secret_value(SecretId=chain.outputs["SecretName"])

    refused(s3.get_object, Bucket=STRANGE_BUCKET, Key="raw_data/to_be_processed/x.json")
    refused(s3.put_object, Bucket=raw, Key="raw_data/processed/x.json", Body=b"")
    refused(s3.put_object, Bucket=chain.outputs["TransformedBucket"], Key="songs_data/x", Body=b"")
    refused(s3.list_objects_v2, Bucket=raw, Prefix="raw_data/quarantine/")
    refused(s3.delete_object, Bucket=raw, Key="state/test.json")
    refused(role("secretsmanager").get_secret_value, SecretId=STRANGE_SECRET)
    refused(role("glue").start_job_run, JobName=chain.outputs["JobName"])


def test_the_job_s_role(chain: Chain, as_role: Callable[[str], Client]) -> None:
    role = as_role(f"{PREFIX}spotify-etl-job-{REGION}")
    s3, raw = role("s3"), chain.outputs["RawBucket"]
    s3.list_objects_v2(Bucket=raw, Prefix=TO_BE_PROCESSED)

    refused(s3.get_object, Bucket=STRANGE_BUCKET, Key="raw_data/to_be_processed/x.json")
    refused(s3.get_object, Bucket=raw, Key="state/requests.json")
    refused(s3.list_objects_v2, Bucket=raw, Prefix="state/")
    refused(s3.put_object, Bucket=chain.outputs["TransformedBucket"], Key="other_data/x", Body=b"")
    refused(
        s3.copy_object,
        Bucket=raw,
        Key="raw_data/processed/stolen.json",
        CopySource={"Bucket": STRANGE_BUCKET, "Key": "raw_data/to_be_processed/x.json"},
    )
    refused(role("secretsmanager").get_secret_value, SecretId=chain.outputs["SecretName"])


def test_the_state_machine_s_role(chain: Chain, as_role: Callable[[str], Client]) -> None:
    role = as_role(f"{PREFIX}spotify-etl-pipeline-{REGION}")
    s3, glue, outputs = role("s3"), role("glue"), chain.outputs
    role("stepfunctions").list_executions(stateMachineArn=outputs["StateMachineArn"])
    s3.list_objects_v2(Bucket=outputs["RawBucket"], Prefix=TO_BE_PROCESSED)
    s3.list_objects_v2(Bucket=outputs["TransformedBucket"], Prefix="load_intents/")
    run = glue.get_job_runs(JobName=outputs["JobName"])["JobRuns"][0]
    glue.get_job_run(JobName=outputs["JobName"], RunId=run["Id"])
    glue.get_table(DatabaseName=outputs["DatabaseName"], Name="songs_data")
    _ask(role("athena"), chain, "SELECT count(*) FROM songs")

    refused(s3.list_objects_v2, Bucket=outputs["RawBucket"], Prefix="raw_data/processed/")
    refused(s3.get_object, Bucket=outputs["RawBucket"], Key=chain.keys(outputs["RawBucket"])[0])
    refused(s3.get_object, Bucket=STRANGE_BUCKET, Key="raw_data/to_be_processed/x.json")
    refused(glue.start_job_run, JobName="another")
    refused(role("secretsmanager").get_secret_value, SecretId=outputs["SecretName"])


def test_an_analyst_with_the_reader_policy(chain: Chain, as_role: Callable[[str], Client]) -> None:
    iam, outputs = chain.aws.client("iam"), chain.outputs
    iam.create_role(RoleName="analyst", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="analyst", PolicyArn=outputs["AthenaReaderPolicyArn"])
    role = as_role("analyst")
    s3 = role("s3")
    _ask(role("athena"), chain, "SELECT * FROM playlist_songs LIMIT 5")
    for key in chain.keys(outputs["TransformedBucket"], "songs_data/"):
        s3.get_object(Bucket=outputs["TransformedBucket"], Key=key)
    role("glue").get_tables(DatabaseName=outputs["DatabaseName"])

    refused(s3.get_object, Bucket=outputs["RawBucket"], Key=chain.keys(outputs["RawBucket"])[0])
    refused(s3.list_objects_v2, Bucket=outputs["RawBucket"], Prefix="raw_data/")
    refused(s3.put_object, Bucket=outputs["TransformedBucket"], Key="songs_data/x", Body=b"")
    refused(role("athena").start_query_execution, QueryString="SELECT 1", WorkGroup="primary")
    refused(role("glue").delete_table, DatabaseName=outputs["DatabaseName"], Name="songs")
    refused(role("secretsmanager").get_secret_value, SecretId=outputs["SecretName"])


def _ask(athena: Any, chain: Chain, sql: str) -> None:
    """Start a query under a role. The emulator does not know of which work group one is later: the rest is not its."""
    query = athena.start_query_execution(
        QueryString=sql,
        WorkGroup=chain.outputs["WorkGroupName"],
        QueryExecutionContext={"Database": chain.outputs["DatabaseName"]},
    )["QueryExecutionId"]
    while True:
        found = chain.aws.client("athena").get_query_execution(QueryExecutionId=query)["QueryExecution"]
        if found["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            break
    assert found["Status"]["State"] == "SUCCEEDED", found
