"""What AWS refuses, as one line for people: what, of which object, and what to do."""

from __future__ import annotations

import re

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)

from spotify_etl.errors import CommandError, RefusedError

_NOT_AUTHORIZED = re.compile(
    r"not authorized to perform:? (?P<action>[\w:-]+)(?: on resource:? (?P<resource>[^\s,]+))?"
)
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_STRANGE = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
}
_NO_CREDENTIALS = "AWS finds no credentials here. Name a profile (--profile, or AWS_PROFILE), or run: aws configure"


def told(error: BotoCoreError | ClientError) -> CommandError:
    """Return what the command says of an error of AWS."""
    if isinstance(error, ClientError):
        return _refused_by_aws(error)
    return _not_asked(error)


def code(error: ClientError) -> str:
    """Return the code of an answer of AWS."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: ClientError) -> str:
    """Return the first line of an answer of AWS, without the full stop at its end."""
    text = str(error.response.get("Error", {}).get("Message", "")).strip()
    return text.partition("\n")[0].rstrip(".")


def _refused_by_aws(error: ClientError) -> CommandError:
    what, operation, text = code(error), error.operation_name, message(error)
    if what in _DENIED or "not authorized to perform" in text:
        match = _NOT_AUTHORIZED.search(text)
        action = match["action"] if match else operation
        resource = f" on {match['resource']}" if match and match["resource"] else ""
        return CommandError(
            f"AWS does not let you do {action}{resource}. "
            "docs/deployer-policy.json has what deploying and operating a stack needs."
        )
    if what in _EXPIRED:
        return RefusedError("The AWS credentials have expired. Get new ones, with `aws sso login` say.")
    if what in _STRANGE:
        return RefusedError("AWS does not accept these credentials. Check --profile, or run: aws configure")
    if what in _THROTTLED:
        return CommandError(f"AWS was asked too often ({operation}: {what}). Try again in a minute.")
    return CommandError(f"AWS answers {what} to {operation}: {text}.")


def _not_asked(error: BotoCoreError) -> CommandError:
    if isinstance(error, NoRegionError):
        return RefusedError(
            "AWS knows no region here. Name one (--region, or AWS_DEFAULT_REGION), or run: aws configure"
        )
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return RefusedError(_NO_CREDENTIALS)
    if isinstance(error, ProfileNotFound):
        return RefusedError(f"{str(error).rstrip('.')}. `aws configure list-profiles` names those that there are.")
    if isinstance(error, SSOError | TokenRetrievalError):
        return RefusedError(
            f"The AWS login has ended or cannot be renewed ({type(error).__name__}). Run: aws sso login"
        )
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError | ReadTimeoutError):
        return CommandError(
            f"AWS cannot be reached: {str(error).partition(chr(10))[0]} Check the region and the network."
        )
    return CommandError(f"AWS could not be asked ({type(error).__name__}): {str(error).partition(chr(10))[0]}")
