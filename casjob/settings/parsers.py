"""What the text of a setting may be: a parser for each kind of setting.

A parser returns the typed value, or raises an error that names the setting's origin. It shows the
text only if that can't be a secret.
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from casjob.durations import parse_duration
from casjob.errors import CasjobError, SettingsError, UsageError
from casjob.settings import ApiVersion
from casjob.settings.values import Value

_LONGEST_TIMEOUT = 86400.0
"""Seconds: a day."""

_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = rf"{_LABEL}(\.{_LABEL})*"
_SWITCH = {
    **dict.fromkeys(("on", "1", "yes", "true"), True),
    **dict.fromkeys(("off", "0", "no", "false"), False),
}


def parse_text(value: Value) -> str:
    """Return any text."""
    return value.text


def _match(pattern: str, expected: str) -> Callable[[Value], str]:
    """Return a parser of texts that match a pattern."""

    def parse(value: Value) -> str:
        if not re.fullmatch(pattern, value.text):
            raise wrong_value(value, expected)
        return value.text

    return parse


# They become a part of host names, paths and headers.
parse_region = _match("[A-Za-z0-9-]{1,63}", "a region such as cn-north-4")
parse_cloud = _match(_HOST_NAME, "a domain such as myhuaweicloud.com")
parse_project_id = _match(
    "[A-Za-z0-9_-]{1,128}", "a project id such as 063a3158b1a34710b36ad208b9497d00"
)
_parse_retries = _match("[0-9]{1,3}", "a whole number up to 999, such as 3")


def parse_api_version(value: Value) -> ApiVersion:
    """Return a version of the API, or `auto`."""
    try:
        return ApiVersion(value.text.lower())
    except ValueError:
        raise wrong_value(value, "auto, v2 or v3") from None


def parse_timeout(value: Value) -> float:
    """Return seconds above 0."""
    try:
        seconds = parse_duration(value.text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        raise wrong_value(value, "a duration above 0 and up to 24h, such as 30s")
    return seconds


def parse_retries(value: Value) -> int:
    """Return a number of retries."""
    return int(_parse_retries(value))


def parse_switch(value: Value) -> bool:
    """Return whether something is on."""
    if value.text.lower() not in _SWITCH:
        raise wrong_value(value, "on or off")
    return _SWITCH[value.text.lower()]


def wrong_value(value: Value, expected: str, *, hint: str | None = None) -> CasjobError:
    """Return the error for a value that is not what is expected."""
    kind = UsageError if value.origin.startswith("--") else SettingsError
    return kind(f"{value.label} is {value.text!r}, which is not {expected}", hint=hint)


def parse_url(value: Value) -> str:
    """Return an address that requests with secrets in them may be sent to.

    Raises:
        SettingsError: it is not an http(s) address, holds a user, or would send secrets over
            plain http. The message shows nothing that may be a secret.
    """
    not_an_address = SettingsError(
        f"{value.label} is not an address such as https://servicestage.cn-north-4.myhuaweicloud.com"
    )
    try:
        url = urlsplit(value.text)
        port = url.port
    except ValueError:
        raise not_an_address from None
    if "@" in url.netloc:
        raise SettingsError(
            f"{value.label} contains a user name or password",
            hint="remove it from the address; casjob config lists the settings for credentials",
        )
    host = url.hostname or ""
    is_host = bool(_parse_ip(host) or re.fullmatch(_HOST_NAME, host)) and port != 0
    is_plain = value.text.isascii() and value.text.isprintable() and " " not in value.text
    is_whole = url.scheme in {"http", "https"} and not (url.query or url.fragment)
    if not (is_whole and is_host and is_plain):
        raise not_an_address
    if url.scheme == "http" and not _is_loopback(host):
        raise SettingsError(
            f"{value.label} is {value.text!r}: credentials are not sent over plain http",
            hint="use https; plain http is allowed only to this machine",
        )
    return value.text.rstrip("/")


def parse_iam_url(value: Value) -> str:
    """Return the address of IAM, without the version that others write at its end."""
    return parse_url(value).removesuffix("/v3")


def _is_loopback(host: str) -> bool:
    ip = _parse_ip(host)
    return ip.is_loopback if ip else host == "localhost"


def _parse_ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
