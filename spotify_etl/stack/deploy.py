"""`spotify-etl deploy`: from a checkout to a stack that runs, or to the next version of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.stack import adopt, artifacts, bootstrap, change_sets, cost, show, templates
from spotify_etl.stack.aws import Aws
from spotify_etl.stack.bucket_settings import log_accesses, put_right
from spotify_etl.stack.build import MAIN_TEMPLATE, assemble
from spotify_etl.stack.change_sets import ChangeSet, Request
from spotify_etl.stack.events import EventLog
from spotify_etl.stack.links import Links
from spotify_etl.stack.outputs import find_stack, parameters_of
from spotify_etl.stack.progress import check_end, watch
from spotify_etl.stack.states import Road, road
from spotify_etl.stack.talk import Talk

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

DEFAULT_NAME = "spotify-etl"

_PACKAGE = "JobPackage"
_FIXED = ("NamePrefix", "ExistingBuckets", "ExistingSecret", "ExistingKeyArn")
"""What decides which buckets, secret and key a stack has: with another value it would leave them for new ones."""


@dataclass(frozen=True)
class Wish:
    """What a deployment is asked for. `parameters` are those that the user gave."""

    stack_name: str = DEFAULT_NAME
    artifacts_bucket: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What is to be deployed: the values of all parameters, those that are sent, and what is taken over."""

    values: Mapping[str, str]
    sent: Mapping[str, str | None]
    leftovers: adopt.Leftovers | None


class Deployment:
    """One deployment of one stack."""

    def __init__(self, aws: Aws, wish: Wish, talk: Talk, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._aws = aws
        self._wish = wish
        self._talk = talk
        self._sleep = sleep
        self._cloudformation = aws.session.client("cloudformation")
        self._links = Links(aws.partition, aws.region)

    def run(self) -> bool:
        """Bring the stack to what is wanted; tell whether it was made anew.

        Raises
        ------
        RefusedError
            If it cannot be begun, or the user does not want it. Nothing of the stack was changed.
        CommandError
            If it failed; the stack is as CloudFormation left it.
        """
        stack = find_stack(self._cloudformation, self._wish.stack_name)
        way = road(self._wish.stack_name, stack["StackStatus"] if stack else None)
        with tempfile.TemporaryDirectory(prefix="spotify-etl-") as scratch:
            folder = assemble(Path(scratch))
            document = templates.read((folder / MAIN_TEMPLATE).read_text(encoding="utf-8"))
            alarms = _count_alarms(folder)
            former = parameters_of(stack) if stack and way is Road.UPDATE else {}
            plan = self._plan(document, former, is_new=way is not Road.UPDATE)
            bucket = bootstrap.choose(
                self._aws, self._wish.artifacts_bucket, _bucket_of(former), self._talk, sleep=self._sleep
            )
            package = artifacts.pack(folder, bucket, self._aws.region)
        values = {**plan.values, _PACKAGE: package.job_package}
        if stack and way is Road.UPDATE and self._is_same(stack, package.main, values, former):
            self._talk.say(f"The stack {self._wish.stack_name} is up to date: nothing was uploaded or changed.")
            return False
        self._upload(bucket, package.artifacts)
        if stack and way is Road.ANEW:
            self._clear_away(stack)
        request = Request(
            stack_name=self._wish.stack_name,
            is_new=way is not Road.UPDATE,
            template_url=package.template_url,
            parameters={**plan.sent, _PACKAGE: package.job_package},
            tags=_tags(stack if way is Road.UPDATE else None, self._wish.stack_name),
        )
        self._change(request, plan, cost.estimate(values, alarms=alarms))
        return way is not Road.UPDATE

    def _plan(self, document: Mapping[str, Any], former: Mapping[str, str], *, is_new: bool) -> Plan:
        given = self._wish.parameters
        if _PACKAGE in given:
            raise RefusedError(f"{_PACKAGE} is what `deploy` itself uploads. Leave it out.")
        changed = [name for name in _FIXED if name in given and former.get(name, given[name]) != given[name]]
        if changed:
            raise RefusedError(
                f"The {changed[0]} of the stack {self._wish.stack_name} is {former[changed[0]]!r} and stays so: with "
                "another it would leave its data for new buckets. Give a new stack another --stack-name."
            )
        declared = document.get("Parameters", {})
        defaults = templates.defaults(document)
        kept = {name: value for name, value in former.items() if name in declared and name not in given}
        values = {**defaults, **kept, **given}
        # What is uploaded is not named yet.
        templates.check(document, {**values, _PACKAGE: "s3://bucket/key.zip"})
        leftovers = None
        taken: dict[str, str] = {}
        if is_new:
            leftovers = adopt.find(
                adopt.Clients.of(self._aws),
                values["NamePrefix"],
                stack=self._wish.stack_name,
                account=self._aws.account,
                region=self._aws.region,
            )
            taken = leftovers.parameters if leftovers else {}
        return Plan({**values, **taken}, {**dict.fromkeys(kept), **given, **taken}, leftovers)

    def _is_same(
        self, stack: StackTypeDef, main: artifacts.Artifact, values: Mapping[str, str], former: Mapping[str, str]
    ) -> bool:
        """Tell whether the stack is what would be deployed.

        The main template names everything below it by its content. CloudFormation's own answer is of no use here: with
        nested stacks it finds changes where there are none.
        """
        if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}:
            return False
        body: object = self._cloudformation.get_template(StackName=stack["StackName"], TemplateStage="Original")[
            "TemplateBody"
        ]
        return body == main.content.decode("utf-8") and dict(values) == dict(former)

    def _upload(self, bucket: str, package: tuple[artifacts.Artifact, ...]) -> None:
        client = self._aws.session.client("s3")
        owner = self._aws.account
        artifacts.check_bucket(client, bucket, owner=owner, region=self._aws.region)
        sent = artifacts.upload(
            client, bucket, package, owner=owner, on_upload=lambda name: self._talk.say(f"→ upload {name}")
        )
        self._talk.say(f"Artifacts: {sent / 1_000_000:.2f} MB sent to {bucket}; what was there already was not.")

    def _clear_away(self, stack: StackTypeDef) -> None:
        """Delete what a failed creation left: such a stack can only be deleted."""
        name, status = stack["StackName"], stack["StackStatus"]
        if not self._talk.confirm(f"The stack {name} is {status}: its creation failed. Delete what is left of it?"):
            raise RefusedError(f"Nothing was changed. The stack {name} has to be deleted before it can be deployed.")
        log = EventLog(self._cloudformation, stack["StackId"])
        self._cloudformation.delete_stack(StackName=stack["StackId"])
        ended, _ = watch(self._cloudformation, stack["StackId"], log, self._talk.console, sleep=self._sleep)
        if ended != "DELETE_COMPLETE":
            raise CommandError(f"The stack {name} cannot be deleted ({ended}): {self._links.stack(stack['StackId'])}")

    def _change(self, request: Request, plan: Plan, costs: list[cost.Line]) -> None:
        self._talk.say("→ ask CloudFormation what would change")
        change_set = change_sets.create(self._cloudformation, request, sleep=self._sleep)
        if change_set is None:
            self._talk.say(f"CloudFormation finds nothing to change in the stack {request.stack_name}.")
            return
        try:
            change_sets.refuse_losses(change_set.changes)
            show.changes(self._talk.console, change_set)
            if plan.leftovers:
                show.leftovers(self._talk.console, plan.leftovers)
            show.costs(self._talk.console, costs)
            if not self._talk.confirm(f"Deploy the stack {request.stack_name} in {self._aws.region}?"):
                raise RefusedError("Not deployed. Nothing was changed but for the uploads.")  # noqa: TRY301
        except RefusedError:
            self._drop(change_set, is_new=request.is_new)
            raise
        s3, account = self._aws.session.client("s3"), self._aws.account
        if plan.leftovers:
            put_right(s3, plan.leftovers, stack=request.stack_name, account=account, region=self._aws.region)
        execute(self._aws, change_set, request.stack_name, self._talk, sleep=self._sleep)
        if plan.leftovers:
            log_accesses(s3, plan.leftovers, account=account)

    def _drop(self, change_set: ChangeSet, *, is_new: bool) -> None:
        self._cloudformation.delete_change_set(ChangeSetName=change_set.arn)
        if is_new:
            # The change set has made a stack without resources.
            self._cloudformation.delete_stack(StackName=change_set.stack_id)


def execute(
    aws: Aws,
    change_set: ChangeSet,
    stack_name: str,
    talk: Talk,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Execute a change set and follow it to its end.

    Raises
    ------
    CommandError
        If it fails.
    """
    client = aws.session.client("cloudformation")
    log = EventLog(client, change_set.stack_id)
    talk.head(f"Deploying {stack_name}")
    client.execute_change_set(ChangeSetName=change_set.arn)
    status, events = watch(client, change_set.stack_id, log, talk.console, sleep=sleep)
    check_end(status, events, stack=stack_name, link=Links(aws.partition, aws.region).stack(change_set.stack_id))


def _bucket_of(former: Mapping[str, str]) -> str | None:
    """Return the artifacts bucket of the deployment before."""
    return former.get(_PACKAGE, "").removeprefix("s3://").partition("/")[0] or None


def _tags(stack: StackTypeDef | None, name: str) -> dict[str, str]:
    there = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])} if stack else {}
    return {**there, "application": "spotify-etl", adopt.STACK_TAG: name}


def _count_alarms(folder: Path) -> int:
    read = (templates.read(path.read_text(encoding="utf-8")) for path in folder.glob("*.yaml"))
    return sum(len(templates.resources_of(document, "AWS::CloudWatch::Alarm")) for document in read)
