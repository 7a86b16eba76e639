"""One value a setting: the first source that has it wins."""

import math
import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from casjob.errors import CasjobError, SettingsError, UsageError
from casjob.settings import ApiVersion
from casjob.settings.credentials import find_credential
from casjob.settings.sources import find_sources
from casjob.settings.values import CREDENTIALS, Source, Value

DEFAULTS = {
    "api_version": Value("v2", "default"),
    "request_timeout": Value("30", "default"),
    "retries": Value("3", "default"),
}

GETTING_GOING = (
    "export CASJOB_REGION=cn-north-4 CASJOB_ACCESS_KEY=… CASJOB_SECRET_KEY=…, with yours, then"
    " casjob config --check; casjob show --demo needs none of them"
)


def resolve_settings(given: Mapping[str, str | None], environ: Mapping[str, str]) -> "Settings":
    """Return the settings in force.

    Args:
        given: what the command line says, by the setting's name; None for what it does not.
        environ: the environment.

    Raises:
        SettingsError: a place that was asked for is missing or can't be understood.
    """
    found = find_sources(given, environ)
    values = dict(DEFAULTS)
    account = _find_account(found.sources)
    for source in reversed(found.sources):
        names = source.values.keys() - CREDENTIALS
        if account and not source.is_own and source is not account:
            # Another cloud's OS_AUTH_URL is no place to send this account's password to.
            names -= {"iam_endpoint"}
        values |= {name: source.values[name] for name in names}
    return Settings(values, found.sources, found.warnings)


def _find_account(sources: tuple[Source, ...]) -> Source | None:
    """Return the place that the credential is taken from."""
    try:
        found, _ = find_credential(sources)
    except SettingsError:
        return None
    return found.source if found else None


class Settings(NamedTuple):
    """The settings in force. Reading a wrong or missing one raises `SettingsError`.

    Args:
        values: each setting but credentials, by name.
        sources: every place that has settings, the strongest first.
        warnings: what is wrong with places that nobody asked for.
    """

    values: Mapping[str, Value]
    sources: tuple[Source, ...]
    warnings: tuple[str, ...]

    def find(self, name: str) -> str | None:
        """Return a setting's text, if it is set; none of a credential."""
        value = self.values.get(name)
        return value.text if value else None

    @property
    def region(self) -> str | None:
        """The region, which becomes a part of host names."""
        return self._match("region", "[A-Za-z0-9-]{1,63}", "a region such as cn-north-4")

    @property
    def endpoint(self) -> str:
        """The service's address: as set, or built from the region."""
        return self._address("endpoint") or self._build_address("servicestage", "an endpoint")

    @property
    def iam_endpoint(self) -> str:
        """The address of IAM: as set, or built from the region; without a version in its path."""
        named = self._address("iam_endpoint")
        address = named or self._build_address("iam", "an IAM endpoint (CASJOB_IAM_ENDPOINT)")
        return address.removesuffix("/v3")

    def _match(self, name: str, pattern: str, expected: str) -> str | None:
        value = self.values.get(name)
        if value and not re.fullmatch(pattern, value.text):
            raise _wrong(value, expected)
        return value.text if value else None

    def _address(self, name: str) -> str | None:
        value = self.values.get(name)
        return check_url(value) if value else None

    def _build_address(self, service: str, otherwise: str) -> str:
        region = self.region
        if region is None:
            raise SettingsError(f"neither a region nor {otherwise} is set", hint=GETTING_GOING)
        cloud = self._match("cloud", _HOST_NAME, "a domain such as myhuaweicloud.com")
        is_european = region.startswith("eu-west-1")
        usual = "myhuaweicloud.eu" if is_european else "myhuaweicloud.com"
        return f"https://{service}.{region}.{cloud or usual}"

    @property
    def place(self) -> str:
        """The region, or without one the endpoint's host, as people know the place."""
        return self.region or urlsplit(self.endpoint).netloc

    @property
    def project_id(self) -> str | None:
        """The project whose jobs are asked for, if it is set."""
        expected = "a project id such as 063a3158b1a34710b36ad208b9497d00"
        return self._match("project_id", "[A-Za-z0-9_-]{1,128}", expected)

    @property
    def api_version(self) -> ApiVersion:
        """The API version to speak; v2 unless set."""
        value = self.values["api_version"]
        try:
            return ApiVersion(value.text.lower())
        except ValueError:
            raise _wrong(value, "v2 or v3") from None

    @property
    def ca_bundle(self) -> str | None:
        """The path of certificates to trust beside the usual ones."""
        return self.find("ca_bundle")

    @property
    def request_timeout(self) -> float:
        """Seconds that each step of a request may take."""
        value = self.values["request_timeout"]
        try:
            seconds = float(value.text.removesuffix("s"))
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < _LONGEST_TIMEOUT:
            raise _wrong(value, "a number of seconds above 0, as in 30")
        return seconds

    @property
    def retries(self) -> int:
        """Further tries after the first."""
        value = self.values["retries"]
        if not re.fullmatch("[0-9]{1,3}", value.text):
            raise _wrong(value, "a whole number up to 999, as in 3")
        return int(value.text)


_LONGEST_TIMEOUT = 1e6
"""Seconds; what is beyond can't be waited for by every operating system."""


_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = rf"{_LABEL}(\.{_LABEL})*"


def _wrong(value: Value, expected: str) -> CasjobError:
    kind = UsageError if value.origin.startswith("--") else SettingsError
    return kind(f"{value.origin} is {value.text!r}, which is not {expected}")


def check_url(value: Value) -> str:
    """Return an address that requests with secrets in them may be sent to.

    Raises:
        SettingsError: it is no http(s) address, holds a user, or would send secrets in the clear.
            Nothing of it is shown that may be a secret.
    """
    no_address = SettingsError(
        f"{value.origin} is not an address such as"
        " https://servicestage.cn-north-4.myhuaweicloud.com"
    )
    try:
        url = urlsplit(value.text)
        port = url.port
    except ValueError:
        raise no_address from None
    if "@" in url.netloc:
        raise SettingsError(
            f"{value.origin} holds a user name or password",
            hint="take them out of the address; casjob config shows the settings for credentials",
        )
    host = url.hostname or ""
    is_host = bool(_read_ip(host) or re.fullmatch(_HOST_NAME, host)) and port != 0
    is_plain = value.text.isascii() and value.text.isprintable() and " " not in value.text
    is_whole = url.scheme in {"http", "https"} and not (url.query or url.fragment)
    if not (is_whole and is_host and is_plain):
        raise no_address
    if url.scheme == "http" and not _is_loopback(host):
        raise SettingsError(
            f"{value.origin} is {value.text!r}: credentials are not sent over plain http",
            hint="use https; plain http is for this machine alone",
        )
    return value.text.rstrip("/")


def _is_loopback(host: str) -> bool:
    ip = _read_ip(host)
    return ip.is_loopback if ip else host == "localhost"


def _read_ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
