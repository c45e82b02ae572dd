"""The life of a stack, by the command: our templates, on an emulated CloudFormation."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from spotify_etl import sample
from spotify_etl.standin import StandIn
from tests.stack.commands import Command
from tests.stack.emulator import ACCOUNT, PYTHON, REGION, Emulator

PROGRAM = Path(__file__).with_name("deployable_aws.py")
ARTIFACTS = f"spotify-etl-artifacts-{ACCOUNT}-{REGION}"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """MiniStack with its gaps filled. As in Lambda's runtime, boto3 is there beside the function's package."""
    if not PYTHON.exists():
        pytest.fail(f"{PYTHON} is not there: make test-stack makes it")
    runtime = tmp_path_factory.mktemp("runtime")
    for package in ("boto3", "s3transfer"):
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.origin is not None
        (runtime / package).symlink_to(Path(found.origin).parent)
    with Emulator(program=PROGRAM, environment={"PYTHONPATH": str(runtime)}) as running:
        yield running


@pytest.fixture
def command(aws: Emulator, tmp_path: Path) -> Command:
    return Command(aws, tmp_path)


def bucket(kind: str, prefix: str) -> str:
    return f"{prefix}spotify-{kind}-{ACCOUNT}-{REGION}"


def stack_of(aws: Emulator, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return found


def parameters(aws: Emulator, name: str) -> dict[str, str]:
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack_of(aws, name)["Parameters"]}


def outputs(aws: Emulator, name: str) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in stack_of(aws, name)["Outputs"]}


def objects(aws: Emulator, name: str) -> dict[str, Any]:
    return {
        one["Key"]: one["LastModified"] for one in aws.client("s3").list_objects_v2(Bucket=name).get("Contents", [])
    }


def test_life_of_a_stack(aws: Emulator, command: Command) -> None:
    """Deploy, deploy the same, change a parameter, destroy, deploy again over what stayed."""
    s3 = aws.client("s3")
    raw = bucket("raw", "life-")
    deploy = ("deploy", "--yes", "--stack-name", "life")

    said = command.well(*deploy, "--parameter", "NamePrefix=life-", "--parameter", "NumberOfWorkers=3")
    assert "+ Storage" in said
    assert "Estimated cost a month" in said
    assert "CREATE_COMPLETE    Storage/RawBucket AWS::S3::Bucket" in said
    assert "The schedule stays off, and nothing was run." in said
    assert stack_of(aws, "life")["StackStatus"] == "CREATE_COMPLETE"
    assert parameters(aws, "life")["ScheduleState"] == "DISABLED"
    job = aws.client("glue").get_job(JobName="life-spotify_load_transform")["Job"]
    assert int(job["NumberOfWorkers"]) == 3
    assert job["Command"]["ScriptLocation"].removeprefix(f"s3://{ARTIFACTS}/") in objects(aws, ARTIFACTS)
    assert parameters(aws, "life")["JobPackage"].removeprefix(f"s3://{ARTIFACTS}/") in objects(aws, ARTIFACTS)

    uploaded, since = objects(aws, ARTIFACTS), stack_of(aws, "life")["LastUpdatedTime"]
    said = command.well(*deploy)
    assert "The stack life is up to date: nothing was uploaded or changed." in said
    assert objects(aws, ARTIFACTS) == uploaded
    assert stack_of(aws, "life")["LastUpdatedTime"] == since

    said = command.well(*deploy, "--parameter", "CrawlMode=auto")
    assert "~ Orchestrate" in said
    assert objects(aws, ARTIFACTS) == uploaded
    assert parameters(aws, "life")["CrawlMode"] == "auto"
    assert parameters(aws, "life")["NumberOfWorkers"] == "3"

    s3.put_object(Bucket=raw, Key="raw_data/processed/kept.json", Body=b"{}")
    key = outputs(aws, "life")["KeyArn"]
    said = command.well("destroy", "--yes", "--stack-name", "life")
    assert f"bucket {raw}: 1 objects" in said
    assert key in said
    assert "spotify-etl destroy --stack-name life --delete-data" in said
    with pytest.raises(ClientError, match="does not exist"):
        stack_of(aws, "life")
    assert list(objects(aws, raw)) == ["raw_data/processed/kept.json"]

    s3.put_bucket_versioning(Bucket=raw, VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_notification_configuration(Bucket=raw, NotificationConfiguration={})
    said = command.well(*deploy, "--parameter", "NamePrefix=life-")
    assert "Taken over from what the stack life left" in said
    assert parameters(aws, "life")["ExistingBuckets"] == "yes"
    assert parameters(aws, "life")["ExistingSecret"] == "yes"
    assert outputs(aws, "life")["KeyArn"] == key
    assert list(objects(aws, raw)) == ["raw_data/processed/kept.json"]
    assert s3.get_bucket_versioning(Bucket=raw)["Status"] == "Enabled"
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=raw)
    assert "up to date" in command.well(*deploy)

    # A stack that took its buckets over leaves them, too.
    command.well("destroy", "--yes", "--stack-name", "life")
    assert list(objects(aws, raw)) == ["raw_data/processed/kept.json"]


def test_two_stacks_side_by_side(aws: Emulator, command: Command) -> None:
    """A second stack needs a prefix, and goes with its data without a trace in the first."""
    command.well("deploy", "--yes", "--stack-name", "one", "--parameter", "NamePrefix=one-")

    said = command("deploy", "--yes", "--stack-name", "two", "--parameter", "NamePrefix=one-")
    assert said.code == 2
    assert "belongs to the stack one" in said.err
    with pytest.raises(ClientError, match="does not exist"):
        stack_of(aws, "two")

    command.well("deploy", "--yes", "--stack-name", "two", "--parameter", "NamePrefix=two-")
    functions = {one["FunctionName"] for one in aws.client("lambda").list_functions()["Functions"]}
    assert {"one-spotify_api_extract", "two-spotify_api_extract"} <= functions
    s3 = aws.client("s3")
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket("raw", "two-"), Key="raw_data/processed/a.json", Body=body)
    s3.delete_object(Bucket=bucket("raw", "two-"), Key="raw_data/processed/a.json")

    said = command("destroy", "--yes", "--delete-data", "--stack-name", "two")
    assert said.code == 2, "--yes is no consent to the loss of data"
    said = command("destroy", "--delete-data", "--confirm", "one", "--stack-name", "two")
    assert said.code == 2
    assert stack_of(aws, "two")["StackStatus"] == "CREATE_COMPLETE"

    key = outputs(aws, "two")["KeyArn"]
    told = command.well("destroy", "--delete-data", "--confirm", "two", "--stack-name", "two")
    assert "What is left" in told
    names = {one["Name"] for one in s3.list_buckets()["Buckets"]}
    assert not {name for name in names if name.startswith("two-")}
    assert {bucket(kind, "one-") for kind in ("raw", "transformed", "work", "logs")} <= names
    assert aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.client("secretsmanager").describe_secret(SecretId="two-spotify/credentials")
    assert stack_of(aws, "one")["StackStatus"] == "CREATE_COMPLETE"


def test_questions_are_asked_and_a_no_changes_nothing(aws: Emulator, command: Command) -> None:
    """At a terminal: what is declined leaves no stack, what is not goes through the bucket that was named."""
    aws.client("s3").create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": REGION})
    deploy = ("deploy", "--stack-name", "asks", "--artifacts-bucket", "mine", "--parameter", "NamePrefix=asks-")
    said = command.at_terminal("n\n", *deploy)
    assert said.code == 2
    assert "Deploy the stack asks in eu-central-1? [y/N]" in said.out
    assert "Not deployed" in said.err
    with pytest.raises(ClientError, match="does not exist"):
        stack_of(aws, "asks")

    said = command.at_terminal("y\n", *deploy)
    assert said.code == 0
    assert "0.00 MB sent to mine" in said.out
    assert parameters(aws, "asks")["JobPackage"].startswith("s3://mine/spotify-etl/")
    assert "up to date" in command.well("deploy", "--yes", "--stack-name", "asks")

    said = command.at_terminal("n\n", "destroy", "--stack-name", "asks")
    assert (said.code, "Nothing was changed" in said.err) == (2, True)
    said = command.at_terminal("ask\n", "destroy", "--stack-name", "asks", "--delete-data")
    assert (said.code, "That is not asks" in said.err) == (2, True)
    assert stack_of(aws, "asks")["StackStatus"] == "CREATE_COMPLETE"
    assert command.at_terminal("y\n", "destroy", "--stack-name", "asks").code == 0

    # What a destroyed stack has left can still be removed by the stack's name.
    assert command.at_terminal("asks\n", "destroy", "--stack-name", "asks", "--delete-data").code == 0
    assert not {one["Name"] for one in aws.client("s3").list_buckets()["Buckets"] if one["Name"].startswith("asks-")}


def test_credentials_schedule_and_first_run(aws: Emulator, command: Command) -> None:
    """The secret is filled, the schedule is switched on once the token works, and the extract runs and is followed.

    The state machine's own paths are tested elsewhere: here one that passes stands in its place, as the function's
    addresses of a stand-in do for Spotify's.
    """
    deploy = ("deploy", "--yes", "--stack-name", "run", "--parameter", "NamePrefix=run-")
    with StandIn(sample.world()) as spotify:
        own = spotify.credentials
        addresses = {"SPOTIFY_API_URL": spotify.api_url, "SPOTIFY_TOKEN_URL": spotify.token_url}
        here = {
            **addresses,
            "SPOTIPY_CLIENT_ID": own.client_id,
            "SPOTIPY_CLIENT_SECRET": own.client_secret,
            "SPOTIFY_REFRESH_TOKEN": str(own.refresh_token),
        }
        command.well(*deploy)
        _let_the_machine_pass(aws, outputs(aws, "run")["StateMachineArn"])
        _point_the_function_to(aws, "run-spotify_api_extract", addresses)
        said = command.well(*deploy, environment=here)

    assert "up to date" in said
    assert own.client_secret not in said
    assert str(own.refresh_token) not in said
    stored = aws.client("secretsmanager").get_secret_value(SecretId="run-spotify/credentials")["SecretString"]
    assert json.loads(stored)["refresh_token"] == own.refresh_token
    assert parameters(aws, "run")["ScheduleState"] == "ENABLED"
    schedule = aws.client("scheduler").get_schedule(Name="run-spotify_daily_extract", GroupName="run-spotify")
    assert schedule["State"] == "ENABLED"
    assert "athena/home" in said
    landed = objects(aws, bucket("raw", "run-"))
    marker = next(key for key in landed if "/run-" in key)
    executions = aws.client("stepfunctions").list_executions(stateMachineArn=outputs(aws, "run")["StateMachineArn"])
    assert executions["executions"][0]["executionArn"].rpartition(":")[2] in said
    assert (
        marker
        in aws.client("stepfunctions").describe_execution(executionArn=executions["executions"][0]["executionArn"])[
            "input"
        ]
    )

    told = json.loads(command.well("status", "--stack", "run", "--json"))
    assert marker in told["pending"]
    assert told["schedule"]["state"] == "ENABLED"
    assert told["extract"]["playlists"] > 0
    assert told["executions"][0]["status"] == "SUCCEEDED"

    # Switched off by hand it stays off.
    command.well("deploy", "--yes", "--stack-name", "run", "--parameter", "ScheduleState=DISABLED")
    assert "The schedule is off." in command.well("deploy", "--yes", "--stack-name", "run")
    assert parameters(aws, "run")["ScheduleState"] == "DISABLED"


def test_credentials_that_do_not_work(aws: Emulator, command: Command) -> None:
    """A refused token leaves the schedule off and says what to do; the deployment itself is good."""
    with StandIn(sample.world()) as spotify:
        here = {
            "SPOTIFY_API_URL": spotify.api_url,
            "SPOTIFY_TOKEN_URL": spotify.token_url,
            "SPOTIPY_CLIENT_ID": spotify.credentials.client_id,
            "SPOTIPY_CLIENT_SECRET": spotify.credentials.client_secret,
            "SPOTIFY_REFRESH_TOKEN": "of-somebody-else",
        }
        deploy = ("deploy", "--yes", "--stack-name", "bad", "--parameter", "NamePrefix=bad-")
        said = command.well(*deploy, environment=here)
    assert (
        "The schedule stays off, and nothing was run. Next: spotify-etl auth --secret-id bad-spotify/credentials"
        in said
    )
    assert "of-somebody-else" not in said
    assert parameters(aws, "bad")["ScheduleState"] == "DISABLED"
    assert not objects(aws, bucket("raw", "bad-"))


def test_a_creation_that_fails_is_one_line_and_the_next_deploy_goes_on(aws: Emulator, command: Command) -> None:
    """The first failed resource and its reason; then what is left is deleted and its buckets are taken over."""
    deploy = ("deploy", "--yes", "--stack-name", "fails", "--parameter", "NamePrefix=fails-")
    glue = aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "fails_spotify"})
    said = command(*deploy)
    assert said.code == 1
    line = said.err.strip().splitlines()[-1]
    assert line.startswith("spotify-etl: Catalog")
    assert "already exists" in line
    assert "ROLLBACK_COMPLETE" in line
    assert "Correct the cause and deploy again" in line
    assert "Traceback" not in said.err

    glue.delete_database(Name="fails_spotify")
    said_then = command.well(*deploy)
    assert "Taken over from what the stack fails left" in said_then
    assert stack_of(aws, "fails")["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("parameter", "says"),
    [
        ("NumberOfWorkers=1", "The parameter NumberOfWorkers cannot be '1'"),
        ("GlueVersion=4.0", "it is one of 5.1, 6.0"),
        ("NoSuchThing=1", "The stack has no parameter NoSuchThing"),
        ("NamePrefix=UPPER-", "The parameter NamePrefix cannot be 'UPPER-'"),
        ("NumberOfWorkers", "is not NAME=VALUE"),
        ("JobPackage=s3://b/k.zip", "Leave it out"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_is_sent(
    aws: Emulator, command: Command, parameter: str, says: str
) -> None:
    before = {one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]}
    said = command("deploy", "--yes", "--stack-name", "wrong", "--parameter", parameter)
    assert said.code == 2
    assert says in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert {one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]} == before
    with pytest.raises(ClientError, match="does not exist"):
        stack_of(aws, "wrong")


def test_the_prefix_of_a_stack_stays(aws: Emulator, command: Command) -> None:
    command.well("deploy", "--yes", "--stack-name", "stays", "--parameter", "NamePrefix=stays-")
    said = command("deploy", "--yes", "--stack-name", "stays", "--parameter", "NamePrefix=other-")
    assert said.code == 2
    assert "The NamePrefix of the stack stays is 'stays-' and stays so" in said.err


def test_nobody_at_the_terminal(aws: Emulator, command: Command) -> None:
    for arguments in (("deploy",), ("destroy",)):
        said = command(*arguments, "--stack-name", "nobody")
        assert said.code == 2
        assert "Add --yes" in said.err


def test_a_stack_that_is_not_there(aws: Emulator, command: Command) -> None:
    for arguments in (
        ("destroy", "--yes", "--stack-name", "none"),
        ("destroy", "--delete-data", "--confirm", "none", "--stack-name", "none"),
        ("run", "--stack", "none"),
        ("start", "--stack", "none"),
        ("status", "--stack", "none"),
        ("query", "SELECT 1", "--stack", "none"),
        ("forget", "--before", "2026-01-01", "--stack", "none"),
    ):
        said = command(*arguments)
        assert said.code == 2, arguments
        assert "stack none" in said.err
        assert len(said.err.strip().splitlines()) == 1


def test_options_that_do_not_go_together(aws: Emulator, command: Command) -> None:
    for arguments, says in (
        (("run", "--stack", "s", "--lake", "l"), "exclude each other"),
        (("query", "SELECT 1", "--region", "eu-west-1"), "go with --stack"),
        (("destroy", "--yes", "--confirm", "s"), "--confirm goes with --delete-data"),
    ):
        said = command(*arguments)
        assert said.code == 2
        assert says in said.err


def _let_the_machine_pass(aws: Emulator, arn: str) -> None:
    passes = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Result": {"outcome": "loaded"}, "End": True}}}
    aws.client("stepfunctions").update_state_machine(stateMachineArn=arn, definition=json.dumps(passes))


def _point_the_function_to(aws: Emulator, name: str, addresses: dict[str, str]) -> None:
    client = aws.client("lambda")
    known = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {**known, **addresses}})
