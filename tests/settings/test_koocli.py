import json

import pytest

from casjob.settings.sources import find_credential
from tests.settings.conftest import Resolve, Write

FILE = ".hcloud/config.json"
PLAIN = {"accessKeyId": "A" * 20, "secretAccessKey": "s" * 40}


def write_profile(write: Write, **fields: object) -> str:
    other = {"name": "other", "mode": "AKSK", "region": "other-1", **PLAIN}
    profiles = [other, {"name": "mine", "region": "ae-ad-1", **fields}]
    document = {"current": "mine", "profiles": profiles, "language": "en"}
    return str(write(FILE, json.dumps(document)))


@pytest.mark.parametrize("mode", [{}, {"mode": ""}, {"mode": "AKSK"}])
def test_the_current_profile_is_used(
    mode: dict[str, object], write: Write, resolve: Resolve
) -> None:
    temporary = {"securityToken": " t/+= ", "projectId": "0123", "domainId": 7}
    write_profile(write, **mode, **PLAIN, **temporary)
    settings = resolve()
    assert (settings.region.value, settings.project_id.value) == ("ae-ad-1", "0123")
    credential, _ = find_credential(settings.sources)
    assert credential is not None
    assert {name: value.text for name, value in credential.values().items()} == {
        "access_key": "A" * 20,
        "secret_key": "s" * 40,
        "security_token": "t/+=",
    }


@pytest.mark.parametrize("secret", ["s" * 41, "c2VjcmV0LXNlY3JldC1zZWNyZXQ=", "a/b"])
def test_encrypted_secrets_are_explained_and_the_rest_is_used(
    secret: str, write: Write, resolve: Resolve
) -> None:
    path = write_profile(write, accessKeyId="A" * 20, secretAccessKey=secret)
    settings = resolve()
    assert settings.region.value == "ae-ad-1"
    assert settings.warnings == ()
    message = (
        f"the secrets in {path} are encrypted, so that only KooCLI can use them"
        " (hcloud configure set --cli-auth-encrypt=false stores them unencrypted)"
    )
    assert find_credential(settings.sources) == (None, [message])


def test_encrypted_secrets_that_are_not_needed_are_not_mentioned(
    write: Write, resolve: Resolve
) -> None:
    write_profile(write, accessKeyId="A" * 20, secretAccessKey="s" * 99)
    settings = resolve(CASJOB_TOKEN="token")  # noqa: S106 - no real one
    assert (find_credential(settings.sources)[1], settings.warnings) == ([], ())


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("ecsAgency", "has mode ecsAgency, which only KooCLI can use"),
        ({"a": "SECRET"}, "has a mode that is not text"),
    ],
)
@pytest.mark.parametrize("others", [PLAIN, {}])
def test_another_mode_is_explained_and_the_rest_is_used(
    mode: object, told: str, others: dict[str, str], write: Write, resolve: Resolve
) -> None:
    path = write_profile(write, mode=mode, **others)
    settings = resolve()
    assert settings.region.value == "ae-ad-1"
    assert find_credential(settings.sources) == (None, [f"the current profile in {path} {told}"])


RENEW = "hcloud configure sso --cli-profile=mine"
ENCRYPTED = (
    "the secrets in {path} are encrypted, so that only KooCLI can use them"
    " (hcloud configure set --cli-auth-encrypt=false"
)
STS = {**PLAIN, "securityToken": "t/+="}


@pytest.mark.parametrize(
    "more", [{}, {"expiresAt": "2999-01-01T00:00:00Z"}, {"expiration": 32503680000}]
)
def test_a_login_by_sso_is_used(more: dict[str, object], write: Write, resolve: Resolve) -> None:
    # The profile's own keys are empty, or left over from another mode.
    own = {"accessKeyId": "", "secretAccessKey": "old"}
    path = write_profile(write, mode="SSO", **own, ssoAuth={"stsToken": {**STS, **more}})
    credential, _ = find_credential(resolve().sources)
    assert credential is not None
    assert {name: value.text for name, value in credential.values().items()} == {
        "access_key": "A" * 20,
        "secret_key": "s" * 40,
        "security_token": "t/+=",
    }
    assert credential.origin == f"{path}, renewed by {RENEW}"
    assert resolve().region.origin == path


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ({}, f"the current profile in {{path}} is not logged in ({RENEW} does it)"),
        ({"stsToken": 7}, f"the current profile in {{path}} is not logged in ({RENEW} does it)"),
        (
            {"stsToken": {**STS, "secretAccessKey": "c2VjcmV0LXNlY3JldA=="}},
            f"{ENCRYPTED} stores them unencrypted, and {RENEW} renews them)",
        ),
        (
            {"stsToken": {**STS, "expiresAt": "2020-02-04T04:01:03Z"}},
            f"the login of the current profile in {{path}} has expired ({RENEW} renews it)",
        ),
    ],
)
def test_a_login_by_sso_that_can_not_be_used_names_the_command_that_renews_it(
    auth: dict[str, object], told: str, write: Write, resolve: Resolve
) -> None:
    path = write_profile(write, mode="SSO", **PLAIN, ssoAuth=auth)
    settings = resolve()
    assert settings.region.value == "ae-ad-1"
    assert find_credential(settings.sources) == (None, [told.format(path=path)])


def test_a_key_that_has_expired_is_not_used(write: Write, resolve: Resolve) -> None:
    path = write_profile(write, **PLAIN, expiresAt="2020-02-04T04:01:03Z")
    told = f"the access key of the current profile in {path} has expired"
    assert find_credential(resolve().sources) == (None, [told])


def test_koocli_may_have_no_profiles_yet(write: Write, resolve: Resolve) -> None:
    write(FILE, '{"profiles": [], "current": ""}')
    settings = resolve()
    assert (settings.sources, settings.warnings) == ((), ())


def test_half_a_key_is_noted(write: Write, resolve: Resolve) -> None:
    path = write_profile(write, accessKeyId="A" * 20)
    assert find_credential(resolve().sources) == (
        None,
        [f"{path} has access_key, but no secret_key"],
    )


def test_a_byte_order_mark_is_ignored(write: Write, resolve: Resolve) -> None:
    write(FILE, b'\xef\xbb\xbf{"current":"a","profiles":[{"name":"a","region":"ae-ad-1"}]}')
    assert resolve().region.value == "ae-ad-1"


def test_nothing_of_a_broken_file_is_shown(write: Write, resolve: Resolve) -> None:
    write(FILE, '{"secretAccessKey": "sssssssss')
    (warning,) = resolve().warnings
    assert "sss" not in warning
