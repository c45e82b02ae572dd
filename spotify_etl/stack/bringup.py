"""After a deployment: the credentials into the secret, the schedule on when they work, a first run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from rich.console import Console

from spotify_etl import authorise, render
from spotify_etl import credentials as kept
from spotify_etl.errors import CommandError, RefusedError
from spotify_etl.places import SecretPlace
from spotify_etl.stack import change_sets, operate, show
from spotify_etl.stack.aws import Aws
from spotify_etl.stack.change_sets import Request
from spotify_etl.stack.deploy import execute
from spotify_etl.stack.links import Links
from spotify_etl.stack.outputs import existing_stack, outputs_of, parameters_of
from spotify_etl.stack.talk import Talk

_STATE, _ON, _OFF = "ScheduleState", "ENABLED", "DISABLED"


def bring_up(  # noqa: PLR0913  what a deployment knows at its end
    aws: Aws,
    stack_name: str,
    talk: Talk,
    *,
    is_new: bool,
    given: Mapping[str, str],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Do what a stack still needs before it runs by itself, and say where to ask it.

    A new stack, or one whose secret is filled only now, is switched on and run once when its credentials work. The
    schedule of any other is the user's business, as it is where `given` has its state.

    Raises
    ------
    CommandError
        If the switch or the first run fails.
    """
    client = aws.session.client("cloudformation")
    stack = existing_stack(client, stack_name)
    outputs = outputs_of(stack)
    was_empty = not SecretPlace(outputs.SecretName).document()
    if was_empty and not _fill(stack_name, outputs.SecretName, talk):
        return
    is_off = parameters_of(stack).get(_STATE) == _OFF
    if is_new or was_empty:
        if not _works(stack_name, outputs.SecretName, talk):
            return
        if is_off and _STATE not in given:
            _switch_on(aws, stack_name, parameters_of(stack), talk, sleep)
        with render.Progress(Console(stderr=True)) as progress:
            done = operate.run(aws, outputs, progress, sleep=sleep)
        show.run(talk.console, done, Links(aws.partition, aws.region))
    elif is_off:
        talk.say(f"The schedule is off. On: spotify-etl deploy --stack-name {stack_name} --parameter {_STATE}={_ON}")
    talk.say(f"Ask it: {Links(aws.partition, aws.region).athena(outputs.WorkGroupName)}")
    talk.say(f"or:     spotify-etl query --stack {stack_name} {render.EXAMPLE}")


def _fill(stack_name: str, secret: str, talk: Talk) -> bool:
    """Put the credentials of this machine into the secret; say what to do where there are none, or they may not."""
    talk.head("Credentials")
    try:
        own, _ = kept.load(os.environ)
    except RefusedError:
        talk.say(f"The secret {secret} is empty, and this machine has no Spotify credentials to fill it with.")
    else:
        if talk.confirm(f"The secret {secret} is empty. Fill it with the Spotify credentials that this machine has?"):
            SecretPlace(secret).save(own)
            talk.say(f"Stored in the secret {secret}.")
            return True
    talk.say(
        "The schedule stays off, and nothing was run. Next: spotify-etl auth, then deploy again, which fills the "
        f"secret and switches the schedule on: spotify-etl deploy --stack-name {stack_name}"
    )
    return False


def _works(stack_name: str, secret: str, talk: Talk) -> bool:
    """Tell whether Spotify accepts what is in the secret; say what to do where it does not."""
    try:
        credentials, keep = SecretPlace(secret).load()
        authorise.check(talk.terminal, credentials, keep, os.environ, now=datetime.now(UTC))
    except CommandError as error:
        talk.say(str(error))
        talk.say(
            f"The schedule stays off, and nothing was run. Next: spotify-etl auth --secret-id {secret}, then: "
            f"spotify-etl deploy --stack-name {stack_name} --parameter {_STATE}={_ON}"
        )
        return False
    return True


def _switch_on(
    aws: Aws, stack_name: str, parameters: Mapping[str, str], talk: Talk, sleep: Callable[[float], None]
) -> None:
    client = aws.session.client("cloudformation")
    tags = {tag["Key"]: tag["Value"] for tag in existing_stack(client, stack_name).get("Tags", [])}
    request = Request(stack_name, False, None, {**dict.fromkeys(parameters), _STATE: _ON}, tags)
    talk.say("→ the credentials work: switch the schedule on")
    change_set = change_sets.create(client, request, sleep=sleep)
    if change_set:
        execute(aws, change_set, stack_name, talk, sleep=sleep)
