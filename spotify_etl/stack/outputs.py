"""A deployed stack: what CloudFormation says of it, and its outputs by name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from spotify_etl.errors import RefusedError
from spotify_etl.stack.aws_errors import code, message

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


@dataclass(frozen=True)
class Outputs:
    """The outputs of `infra/main.yaml`, each under its name there."""

    RawBucket: str
    TransformedBucket: str
    WorkBucket: str
    KeyArn: str
    FunctionName: str
    SecretName: str
    SecretArn: str
    JobName: str
    StateMachineArn: str
    DatabaseName: str
    WorkGroupName: str
    AlbumCrawler: str
    ArtistCrawler: str
    SongCrawler: str
    ScheduleName: str
    ScheduleGroup: str
    AlertsTopicArn: str
    ExtractQueueUrl: str
    EventsQueueUrl: str
    DashboardName: str
    AthenaReaderPolicyArn: str
    NamePrefix: str


def find_stack(client: CloudFormationClient, name: str) -> StackTypeDef | None:
    """Return what CloudFormation says of a stack, None where there is none of that name or id."""
    try:
        found = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if code(error) == "ValidationError" and "does not exist" in message(error):
            return None
        raise
    return found[0] if found and found[0]["StackStatus"] != "DELETE_COMPLETE" else None


def existing_stack(client: CloudFormationClient, name: str) -> StackTypeDef:
    """Return a stack that has to be there.

    Raises
    ------
    RefusedError
        If it is not.
    """
    stack = find_stack(client, name)
    if stack is None:
        raise RefusedError(
            f"There is no stack {name} in {client.meta.region_name}. Check --region and --profile, "
            f"or make it: spotify-etl deploy --stack-name {name}"
        )
    return stack


def outputs_of(stack: StackTypeDef) -> Outputs:
    """Return a stack's outputs.

    Raises
    ------
    RefusedError
        If one is missing: it is another kind of stack, or its creation has not ended well.
    """
    # CloudFormation keeps no output whose value is empty, as an empty prefix is.
    told = {"NamePrefix": "", **{one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}}
    missing = [field.name for field in fields(Outputs) if field.name not in told]
    if missing:
        raise RefusedError(
            f"The stack {stack['StackName']} ({stack['StackStatus']}) has no output {missing[0]}: it is none of "
            "spotify-etl's, of another version, or not complete. `spotify-etl deploy` brings it up to date."
        )
    return Outputs(**{field.name: told[field.name] for field in fields(Outputs)})


def parameters_of(stack: StackTypeDef) -> dict[str, str]:
    """Return the values of a stack's parameters as they are now."""
    return {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", [])}
