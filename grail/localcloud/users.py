"""The users of a stage's Cognito user pool, here and on AWS."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

import boto3

from grail.errors import GrailError

SAMPLE = "ada@example.com"
SAMPLE_PASSWORD = "Analytical-Engine-1843"  # noqa: S105 - of nobody but the sample user of an embedded AWS


def create_sample(pool: str) -> None:
    """Make the sample user in a pool of the embedded AWS."""
    cognito = boto3.client("cognito-idp")
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=SAMPLE,
        UserAttributes=[{"Name": "email", "Value": SAMPLE}, {"Name": "email_verified", "Value": "true"}],
        MessageAction="SUPPRESS",
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=SAMPLE, Password=SAMPLE_PASSWORD, Permanent=True)


def sign_in(client: str, *, user: str, password: str) -> str:
    """Return the access token of a user, who signs in with the pool's client of an id.

    Raises GrailError where the user may not, or must answer a challenge first.
    """
    cognito = boto3.client("cognito-idp")
    known = {"USERNAME": user, "PASSWORD": password}
    try:
        answer = cognito.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=known)
    except (cognito.exceptions.NotAuthorizedException, cognito.exceptions.UserNotFoundException) as error:
        message = f"there is no user {user!r} with this password"
        raise GrailError(message) from error
    if "AuthenticationResult" not in answer:
        message = f"{user} can't sign in with a password alone: Cognito asks for {answer.get('ChallengeName')}"
        raise GrailError(message)
    return str(answer["AuthenticationResult"]["AccessToken"])


def public_keys(url: str, pool: str) -> Mapping[str, Any]:
    """Return the JWKS of a pool of the embedded AWS at a URL. Raises OSError or ValueError."""
    with urllib.request.urlopen(keys_url(url, pool), timeout=5) as answer:  # noqa: S310 - our own server
        keys: Mapping[str, Any] = json.load(answer)
    return keys


def keys_url(url: str, pool: str) -> str:
    """Return where the embedded AWS at a URL has a pool's JWKS; on AWS it is below the issuer."""
    return f"{url}/{pool}/.well-known/jwks.json"
