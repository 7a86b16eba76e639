import pytest

from casjob.credentials import AccessKey, Credential, Login, Token, account_of, secrets_of

CREDENTIALS = [
    (Token("SECRET-1"), "SECRET-1", {"SECRET-1"}),
    (AccessKey("AK", "SECRET-1"), "AK", {"SECRET-1"}),
    (AccessKey("AK", "SECRET-1", "SECRET-2"), "AK", {"SECRET-1", "SECRET-2"}),
    (Login("me", "SECRET-1", "us"), "us/me", {"SECRET-1"}),
]


@pytest.mark.parametrize(("credential", "account", "secrets"), CREDENTIALS)
def test_a_credential_knows_its_account_and_its_secrets(
    credential: Credential, account: str, secrets: set[str]
) -> None:
    assert (account_of(credential), set(secrets_of(credential))) == (account, secrets)


@pytest.mark.parametrize("credential", [each for each, *_ in CREDENTIALS])
def test_no_secret_is_in_what_a_traceback_or_a_log_would_show(credential: Credential) -> None:
    assert "SECRET" not in f"{credential!r} {credential}"
