"""KooCLI's file of profiles, JSON; its current profile is used."""

import re
import shlex
from pathlib import Path
from typing import cast

from casjob.durations import is_ending
from casjob.errors import SettingsError
from casjob.json_text import LimitError, decode, read_moment
from casjob.settings.files import read_file
from casjob.settings.values import Source, Value

_KEYS = {
    "accessKeyId": "access_key",
    "secretAccessKey": "secret_key",
    "securityToken": "security_token",
}
_PLACE = {"region": "region", "projectId": "project_id"}

_PLAIN_KEY = "[A-Za-z0-9]{1,40}"
"""A secret key as the console gives it; KooCLI's encrypted ones are far longer."""

_Fields = dict[str, object]


def read_koocli_profile(path: Path) -> Source:
    """Return the settings of the current profile, without its keys if they can't be used.

    Raises:
        SettingsError: the file is broken.
    """
    profile = _find_current(path)
    origin, keys = str(path), profile
    mode = profile.get("mode") or "AKSK"
    renewal = ""
    if mode == "SSO":
        keys = _get_object(_get_object(profile, "ssoAuth"), "stsToken")
        name = shlex.quote(str(profile.get("name")))
        renewal = f"hcloud configure sso --cli-profile={name}"
        origin = f"{path}, renewed by {renewal}"
    fault = _find_fault(mode, keys, path, renewal)
    names = _PLACE if fault else {**_PLACE, **_KEYS}
    sent = {**profile, **{key: keys.get(key) for key in _KEYS}}
    values = {
        names[key]: Value(text.strip(), str(path) if key in _PLACE else origin, key)
        for key in names
        if isinstance(text := sent.get(key), str) and text.strip()
    }
    return Source(str(path), values, unusable=fault)


def _find_fault(mode: object, keys: _Fields, path: Path, renewal: str) -> str | None:
    """Return why the keys of a profile can't be used, and what the user can do."""
    if not isinstance(mode, str):
        return f"the current profile in {path} has a mode that is not text"
    if mode not in {"AKSK", "SSO"}:
        return f"the current profile in {path} has mode {mode}, which only KooCLI can use"
    secret = keys.get("secretAccessKey")
    if renewal and not secret:
        return f"the current profile in {path} is not logged in ({renewal} does it)"
    if isinstance(secret, str) and secret.strip() and not re.fullmatch(_PLAIN_KEY, secret.strip()):
        then = f", and {renewal} renews them" if renewal else ""
        return (
            f"the secrets in {path} are encrypted, so that only KooCLI can use them"
            f" (hcloud configure set --cli-auth-encrypt=false stores them unencrypted{then})"
        )
    # How KooCLI names the end of a login is not documented.
    ends = (read_moment(sent) for name, sent in keys.items() if "expir" in name.lower())
    if any(is_ending(end) for end in ends):
        return f"the login of the current profile in {path} has expired ({renewal} renews it)"
    return None


def _get_object(fields: _Fields, name: str) -> _Fields:
    value = fields.get(name)
    return cast("_Fields", value) if isinstance(value, dict) else {}


def _find_current(path: Path) -> _Fields:
    try:
        document = decode(read_file(path))
    except LimitError as error:
        raise SettingsError(f"{path} exceeds a limit of casjob: {error}") from None
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from None
    file = cast("_Fields", document) if isinstance(document, dict) else {}
    profiles = file.get("profiles")
    if not isinstance(profiles, list):
        raise SettingsError(f"{path} has no list of profiles")
    for each in profiles:
        if isinstance(each, dict) and each.get("name") == file.get("current", ""):
            return cast("_Fields", each)
    if profiles:
        raise SettingsError(f"{path} names a current profile that does not exist")
    return {}
