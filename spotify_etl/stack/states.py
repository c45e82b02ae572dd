"""What can be done with a stack in each of CloudFormation's states."""

from __future__ import annotations

from enum import Enum

from spotify_etl.errors import RefusedError


class Road(Enum):
    """How a stack is brought to what is wanted."""

    CREATE = "create"
    UPDATE = "update"
    ANEW = "delete what is left of it, then create"


_UPDATABLE = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}
_NEVER_WAS = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}


def road(name: str, status: str | None) -> Road:
    """Return how a deployment gets on with a stack in this state; None is a stack that is not there.

    Raises
    ------
    RefusedError
        If it cannot; with the remedy.
    """
    if status in {None, "REVIEW_IN_PROGRESS"}:
        # Under review: somebody looked at a change set and did not execute it, so there is nothing yet.
        return Road.CREATE
    if status in _UPDATABLE:
        return Road.UPDATE
    if status in _NEVER_WAS:
        return Road.ANEW
    if status == "UPDATE_ROLLBACK_FAILED":
        raise RefusedError(
            f"The stack {name} is in UPDATE_ROLLBACK_FAILED: an update failed and could not be taken back. Remove what "
            "the stack's events name as the reason, then: "
            f"aws cloudformation continue-update-rollback --stack-name {name}"
        )
    if status == "DELETE_FAILED":
        raise RefusedError(
            f"The stack {name} is in DELETE_FAILED: its deletion stopped half-way. "
            f"End it first: spotify-etl destroy --stack-name {name}"
        )
    raise RefusedError(f"The stack {name} is in {status}: another operation is at work on it. Try again when it ended.")
