"""KooCLI's file of profiles, JSON; its current profile is used."""

from pathlib import Path

from casjob.errors import SettingsError
from casjob.json_text import JsonValue, decode
from casjob.settings.files import read_file
from casjob.settings.values import CREDENTIALS, Source, Value

_NAMES = {
    "accessKeyId": "access_key",
    "secretAccessKey": "secret_key",
    "securityToken": "security_token",
    "region": "region",
    "projectId": "project_id",
}

_LONGEST_PLAIN_KEY = 40
"""Characters of a secret key as the console gives it; KooCLI's encrypted ones are far longer."""


def read_koocli_profile(path: Path) -> Source:
    """Return the settings of the current profile, without its secrets if they are encrypted.

    Raises:
        SettingsError: the file is broken.
    """
    profile = _find_current(path)
    origin = str(path)
    values = {
        name: Value(text.strip(), origin, key)
        for key, name in _NAMES.items()
        if isinstance(text := profile.get(key), str) and text.strip()
    }
    unusable = _find_fault(profile, values, origin)
    if unusable:
        values = {name: value for name, value in values.items() if name not in CREDENTIALS}
    return Source(origin, values, unusable=unusable)


def _find_current(path: Path) -> dict[str, JsonValue]:
    try:
        document = decode(read_file(path))
    except ValueError as error:
        line = getattr(error, "lineno", None)
        where = f"{path}, line {line}" if line else str(path)
        raise SettingsError(f"{where}: not JSON") from None
    profiles = document.get("profiles") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(profiles, list):
        raise SettingsError(f"{path} has no list of profiles")
    if not profiles:
        return {}
    # Not None, which a profile without a name has too.
    current = document.get("current", "")
    for profile in profiles:
        if isinstance(profile, dict) and profile.get("name") == current:
            return profile
    raise SettingsError(f"{path} names a current profile that does not exist")


def _find_fault(profile: dict[str, JsonValue], values: dict[str, Value], origin: str) -> str | None:
    """Return why casjob can't use the profile's credential, and what the user can do."""
    mode = profile.get("mode") or "AKSK"
    if not isinstance(mode, str):
        return f"the current profile in {origin} has a mode that is not text"
    if mode != "AKSK":
        return f"the current profile in {origin} has mode {mode}, which only KooCLI can use"
    secret = values.get("secret_key")
    if secret and _is_encrypted(secret.text):
        return (
            f"the secrets in {origin} are encrypted, so that only KooCLI can use them"
            " (hcloud configure set --cli-auth-encrypt=false stores them unencrypted)"
        )
    return None


def _is_encrypted(secret: str) -> bool:
    return len(secret) > _LONGEST_PLAIN_KEY or not secret.isalnum()
