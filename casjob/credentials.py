"""Who asks: a token, an access key, or a user's password. Their `repr` tells no secret."""

from dataclasses import dataclass, field
from typing import TypeAlias, assert_never


@dataclass(frozen=True)
class Token:
    """An IAM token."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class AccessKey:
    """An access key (AK) and its secret (SK); temporary ones have a security token too."""

    access_key: str
    secret_key: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Login:
    """An IAM user's name and password, and the account (domain) that the user belongs to."""

    user_name: str
    password: str = field(repr=False)
    domain_name: str


Credential: TypeAlias = Token | AccessKey | Login


def account_of(credential: Credential) -> str:
    """Return what tells one account from another; of a token it is the token itself: a secret."""
    match credential:
        case Token():
            return credential.token
        case AccessKey():
            return credential.access_key
        case Login():
            return f"{credential.domain_name}/{credential.user_name}"
        case _:
            assert_never(credential)


def secrets_of(credential: Credential) -> tuple[str, ...]:
    """Return what must never be shown."""
    match credential:
        case Token():
            return (credential.token,)
        case AccessKey():
            return tuple(filter(None, (credential.secret_key, credential.security_token)))
        case Login():
            return (credential.password,)
        case _:
            assert_never(credential)
