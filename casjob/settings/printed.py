"""What the program of a credential_command prints: JSON, all of it secret."""

from pydantic import BaseModel, ConfigDict

from casjob.errors import SettingsError
from casjob.json_text import decode
from casjob.settings.values import Value


class _Printed(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True, hide_input_in_errors=True)

    token: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    security_token: str | None = None


def read_printed(stdout: bytes, origin: str) -> dict[str, Value]:
    """Return the settings of the credential.

    Raises:
        SettingsError: it is none. The message holds nothing of it.
    """
    try:
        printed = _Printed.model_validate(decode(stdout.decode("utf-8-sig")))
    except ValueError:
        printed = _Printed()
    if printed.token:
        return {"token": Value(printed.token, origin)}
    if not (printed.access_key and printed.secret_key):
        expected = '{"token"} or {"access_key", "secret_key", "security_token"} as JSON'
        raise SettingsError(f"{origin} did not print {expected}")
    return {name: Value(text, origin) for name, text in printed if text}
