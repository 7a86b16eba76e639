"""The files of the vendor's tools: the credentials of its SDKs, and the profiles of KooCLI."""

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

from casjob.durations import is_ending
from casjob.errors import SettingsError
from casjob.json_text import LimitError, decode, read_moment
from casjob.settings.values import Source, Value

_SDK = {
    "ak": "access_key",
    "sk": "secret_key",
    "security_token": "security_token",
    "project_id": "project_id",
    "iam_endpoint": "iam_endpoint",
}
_KOOCLI_PLACE = {"region": "region", "projectId": "project_id"}
_KOOCLI_KEYS = {
    "accessKeyId": "access_key",
    "secretAccessKey": "secret_key",
    "securityToken": "security_token",
}

_PLAIN_KEY = "[A-Za-z0-9]{1,40}"
"""A secret key as the console gives it; KooCLI's encrypted ones are far longer."""


def read_sdk_credentials(path: Path, text: str) -> Source:
    """Return the settings in the section `[basic]` of the SDKs' file, INI.

    Raises:
        SettingsError: the file is broken. The message holds none of its text.
    """
    # Interpolation off: a secret may hold a percent sign.
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise SettingsError(f"{path}, line {error.lineno}: text before any [section]") from None
    except configparser.ParsingError as error:
        raise SettingsError(f"{path}, line {error.errors[0][0]}: expected NAME = VALUE") from None
    if not parser.has_section("basic"):
        raise SettingsError(f"{path} has no section [basic]")
    return Source(str(path), _pick(dict(parser.items("basic")), _SDK, str(path)))


def read_koocli_profile(path: Path, text: str) -> Source:
    """Return the settings of KooCLI's current profile, without its keys if they can't be used.

    Raises:
        SettingsError: the file, JSON, is broken.
    """
    profile = _find_current(path, text)
    keys, origin, renewal = profile, str(path), ""
    mode = profile.get("mode") or "AKSK"
    if mode == "SSO":
        keys = _get_object(_get_object(profile, "ssoAuth"), "stsToken")
        renewal = f"hcloud configure sso --cli-profile={shlex.quote(str(profile.get('name')))}"
        origin = f"{path}, renewed by {renewal}"
    values = _pick(profile, _KOOCLI_PLACE, str(path))
    fault = _find_fault(mode, keys, path, renewal)
    if fault is None:
        values |= _pick(keys, _KOOCLI_KEYS, origin)
    return Source(str(path), values, unusable=fault)


def _pick(fields: dict[str, Any], names: dict[str, str], origin: str) -> dict[str, Value]:
    """Return the fields that are text, by the names of their settings."""
    return {
        setting: Value(text.strip(), origin, name)
        for name, setting in names.items()
        if isinstance(text := fields.get(name), str) and text.strip()
    }


def _find_fault(mode: object, keys: dict[str, Any], path: Path, renewal: str) -> str | None:
    """Return why the keys of a profile can't be used, and what the user can do."""
    current = f"the current profile in {path}"
    if not isinstance(mode, str):
        return f"{current} has a mode that is not text"
    if mode not in {"AKSK", "SSO"}:
        return f"{current} has mode {mode}, which only KooCLI can use"
    secret = keys.get("secretAccessKey")
    if renewal and not secret:
        return f"{current} is not logged in ({renewal} does it)"
    if isinstance(secret, str) and secret.strip() and not re.fullmatch(_PLAIN_KEY, secret.strip()):
        then = f", and {renewal} renews them" if renewal else ""
        return (
            f"the secrets in {path} are encrypted, so that only KooCLI can use them"
            f" (hcloud configure set --cli-auth-encrypt=false stores them unencrypted{then})"
        )
    # How KooCLI names the end of a login is not documented.
    ends = (read_moment(sent) for name, sent in keys.items() if "expir" in name.lower())
    if any(map(is_ending, ends)):
        if not renewal:
            return f"the access key of {current} has expired"
        return f"the login of {current} has expired ({renewal} renews it)"
    return None


def _find_current(path: Path, text: str) -> dict[str, Any]:
    try:
        document = decode(text)
    except LimitError as error:
        raise SettingsError(f"{path} exceeds a limit of casjob: {error}") from None
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from None
    match document:
        case {"profiles": [*profiles], **others}:
            current = others.get("current", "")
        case _:
            raise SettingsError(f"{path} has no list of profiles")
    for each in profiles:
        if isinstance(each, dict) and each.get("name") == current:
            return each
    if profiles:
        raise SettingsError(f"{path} names a current profile that does not exist")
    return {}


def _get_object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}
