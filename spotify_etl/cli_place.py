"""Where a command works: on a lake of this machine (`--lake`), or on a deployed stack (`--stack`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spotify_etl.errors import RefusedError
from spotify_etl.stack.aws import Aws, connect
from spotify_etl.stack.links import Links
from spotify_etl.stack.outputs import Outputs, existing_stack, outputs_of

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

LakeOption = Annotated[
    Path | None, typer.Option("--lake", metavar="DIR", help="The lake's folder. Default: lake/mine, else lake/sample.")
]
StackOption = Annotated[
    str | None, typer.Option("--stack", metavar="NAME", help="Not a lake on this machine: a stack on AWS.")
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="Whose AWS credentials to use. Default: AWS_PROFILE.")
]
RegionOption = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="The stack's region. Default: AWS_DEFAULT_REGION.")
]


@dataclass(frozen=True)
class Deployed:
    """A stack that a command works on."""

    aws: Aws
    stack: StackTypeDef
    outputs: Outputs

    @property
    def links(self) -> Links:
        """The console of its region."""
        return Links(self.aws.partition, self.aws.region)


@dataclass(frozen=True)
class Where:
    """The options that say where to work, as they were given."""

    lake: Path | None
    stack: str | None
    profile: str | None
    region: str | None

    def deployed(self) -> Deployed | None:
        """Return the stack to work on, None where it is a lake.

        Raises
        ------
        RefusedError
            If both are named, the stack is not there, or options of AWS go with a lake.
        """
        if self.stack is None:
            if self.profile or self.region:
                raise RefusedError("--profile and --region go with --stack.")
            return None
        if self.lake is not None:
            raise RefusedError("--lake and --stack exclude each other.")
        return open_stack(self.stack, self.profile, self.region)


def open_stack(name: str, profile: str | None, region: str | None) -> Deployed:
    """Return a stack that has to be there, with its outputs.

    Raises
    ------
    RefusedError
        If it is not there, or not complete.
    """
    aws = connect(profile, region)
    described = existing_stack(aws.session.client("cloudformation"), name)
    return Deployed(aws, described, outputs_of(described))
