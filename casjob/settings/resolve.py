"""The effective settings: of each setting the strongest source's value, parsed once."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

from casjob.durations import parse_duration
from casjob.errors import CasjobError, SettingsError, UsageError
from casjob.files import home_folder
from casjob.settings import ApiVersion
from casjob.settings.regions import suggest_region
from casjob.settings.sources import config_path, find_credential, find_profile_names, find_sources
from casjob.settings.values import CREDENTIALS, DEFAULT_PROFILE, Setting, Source, Value

DEFAULTS = {
    "api_version": Value("auto", "default"),
    "request_timeout": Value("30", "default"),
    "retries": Value("3", "default"),
    "history": Value("on", "default"),
}

_LONGEST_TIMEOUT = 86400.0
"""Seconds: a day."""

FROM_REGION = "built from the region"
"""The origin of an address that no source has."""

_REGION_STEP = "  export CASJOB_REGION=cn-north-4"
CHECK_STEP = "  casjob config --check"
"""Tells whether it is right; the check itself leaves it out."""
CREDENTIAL_STEPS = (
    "  export CASJOB_ACCESS_KEY=… CASJOB_SECRET_KEY=…",
    CHECK_STEP,
    "No account? casjob show --demo",
)
"""What to do if no credentials are set."""

T = TypeVar("T")


class Settings(NamedTuple):
    """The effective settings; a wrong one raises its problem only where its value is read.

    `cloud` is the domain of a cloud that is not the vendor's own. The sources are all that have
    settings, the strongest first; the warnings are about those that the user did not ask for. The
    hint names the profiles, if one may have the region or credential that is missing.
    """

    profile: Setting[str | None]
    region: Setting[str | None]
    project_id: Setting[str | None]
    endpoint: Setting[str]
    iam_endpoint: Setting[str]
    cloud: Setting[str | None]
    api_version: Setting[ApiVersion]
    ca_bundle: Setting[str | None]
    request_timeout: Setting[float]
    retries: Setting[int]
    job_id: Setting[str | None]
    history: Setting[bool]
    sources: tuple[Source, ...]
    warnings: tuple[str, ...]
    profile_hint: str | None

    @property
    def location(self) -> str:
        """The region, or the endpoint's host if none is set."""
        return self.region.value or urlsplit(self.endpoint.value).netloc

    def by_name(self) -> dict[str, Setting[object]]:
        """Return each setting by its name."""
        fields = self._asdict()
        return {name: field for name, field in fields.items() if isinstance(field, Setting)}


def resolve_settings(
    given: Mapping[str, str | None], environ: Mapping[str, str], *, is_lenient: bool = False
) -> Settings:
    """Return the effective settings; the arguments and the errors are those of `find_sources`."""
    sources, warnings = find_sources(given, environ, is_lenient=is_lenient)
    account, incomplete_credentials = _find_account(sources)
    values = DEFAULTS | _merge(sources, account)
    settings: dict[str, Any] = {name: _parse(name, values.get(name)) for name in _PARSERS}
    bundle = settings["ca_bundle"]
    if bundle.value and bundle.value.startswith("~/"):
        # In a file, no shell replaces it.
        path = home_folder(environ) / bundle.value[2:]
        settings["ca_bundle"] = bundle._replace(parsed=str(path))
    is_complete = account is not None and not values.keys().isdisjoint({"region", "endpoint"})
    profile_hint = None if is_complete or "profile" in values else _suggest_profile(environ)
    missing = {
        "endpoint": SettingsError(
            "; ".join([*incomplete_credentials, "no region is set"]),
            hint=profile_hint,
            steps=(_REGION_STEP, *((CHECK_STEP,) if account else CREDENTIAL_STEPS)),
        ),
        "iam_endpoint": SettingsError(
            "neither a region nor an IAM endpoint is set",
            hint="set CASJOB_REGION or CASJOB_IAM_ENDPOINT",
        ),
    }
    for name, service in (("endpoint", "servicestage"), ("iam_endpoint", "iam")):
        if name not in values:
            region, cloud = settings["region"], settings["cloud"]
            settings[name] = _build_address(service, region, cloud, missing[name])
    return Settings(**settings, sources=sources, warnings=warnings, profile_hint=profile_hint)


def _parse(name: str, value: Value | None) -> Setting[object]:
    try:
        return Setting(value, value and _PARSERS[name](value))
    except CasjobError as error:
        return Setting(value, error)


def _suggest_profile(environ: Mapping[str, str]) -> str | None:
    names = find_profile_names(environ)
    if not names or DEFAULT_PROFILE in names:
        return None
    return f"choose a profile of {config_path(environ)} with --profile: {', '.join(names)}"


def _find_account(sources: Iterable[Source]) -> tuple[Source | None, list[str]]:
    """Return the source that the credential is taken from, or why there is none."""
    try:
        found, incomplete_credentials = find_credential(sources)
    except SettingsError as error:
        return None, [error.message]
    return (found.source, []) if found else (None, incomplete_credentials)


def _merge(sources: tuple[Source, ...], account: Source | None) -> dict[str, Value]:
    """Return the strongest value of each setting that is not a part of a credential."""
    values: dict[str, Value] = {}
    for source in reversed(sources):
        names = source.values.keys() - CREDENTIALS
        if account and not source.is_own and source is not account:
            # This account's password must not be sent to another cloud's OS_AUTH_URL.
            names -= {"iam_endpoint"}
        values |= {name: source.values[name] for name in names}
    return values


def _build_address(
    service: str, region: Setting[str | None], cloud: Setting[str | None], missing: SettingsError
) -> Setting[str]:
    """Return the address of a region's service; `missing` is its problem if no region is set."""
    try:
        name, domain = region.value, cloud.value
        if not region.raw or not name:
            raise missing
        if "-" not in name and domain is None:
            # A private cloud's region may have no hyphen, but each of the vendor's has one.
            hint = suggest_region(name) or "for a private cloud, set CASJOB_ENDPOINT"
            raise _wrong_value(region.raw, "a region such as cn-north-4", hint=hint)
    except CasjobError as error:
        return Setting(None, error)
    usual = "myhuaweicloud.eu" if name.startswith("eu-west-1") else "myhuaweicloud.com"
    address = f"https://{service}.{name}.{domain or usual}"
    return Setting(Value(address, FROM_REGION), address)


_Parse: TypeAlias = Callable[[Value], T]
"""Returns the typed value, or raises an error that names the setting's origin.

The error shows the text only if that can't be a secret.
"""


def _match(pattern: str, expected: str, convert: Callable[[str], T]) -> _Parse[T]:
    """Return a parser of texts that match a pattern."""

    def parse(value: Value) -> T:
        if not re.fullmatch(pattern, value.text):
            raise _wrong_value(value, expected)
        return convert(value.text)

    return parse


def _choose(choices: Mapping[str, T], expected: str) -> _Parse[T]:
    """Return a parser of certain words, in any case."""

    def parse(value: Value) -> T:
        if value.text.lower() not in choices:
            raise _wrong_value(value, expected)
        return choices[value.text.lower()]

    return parse


def _parse_timeout(value: Value) -> float:
    """Return seconds above 0."""
    with suppress(ValueError):
        seconds = parse_duration(value.text)
        if 0 < seconds <= _LONGEST_TIMEOUT:
            return seconds
    raise _wrong_value(value, "a duration above 0 and up to 24h, such as 30s")


def _parse_url(value: Value) -> str:
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
    host, ip = url.hostname or "", None
    with suppress(ValueError):
        ip = ip_address(host)
    is_host = bool(ip or re.fullmatch(_HOST_NAME, host)) and port != 0
    is_plain = value.text.isascii() and value.text.isprintable() and " " not in value.text
    is_whole = url.scheme in {"http", "https"} and not (url.query or url.fragment)
    if not (is_whole and is_host and is_plain):
        raise not_an_address
    is_loopback = ip.is_loopback if ip else host == "localhost"
    if url.scheme == "http" and not is_loopback:
        raise SettingsError(
            f"{value.label} is {value.text!r}: credentials are not sent over plain http",
            hint="use https; plain http is allowed only to this machine",
        )
    return value.text.rstrip("/")


def _wrong_value(value: Value, expected: str, *, hint: str | None = None) -> CasjobError:
    """Return the error for a value that is not what is expected."""
    kind = UsageError if value.origin.startswith("--") else SettingsError
    return kind(f"{value.label} is {value.text!r}, which is not {expected}", hint=hint)


_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = rf"{_LABEL}(\.{_LABEL})*"
_SWITCH = {
    **dict.fromkeys(("on", "1", "yes", "true"), True),
    **dict.fromkeys(("off", "0", "no", "false"), False),
}
_get_text = attrgetter("text")
_EXAMPLE_ID = "063a3158b1a34710b36ad208b9497d00"

_PARSERS: Mapping[str, _Parse[object]] = {
    "profile": _get_text,
    # The next three become a part of host names, paths and headers.
    "region": _match("[A-Za-z0-9-]{1,63}", "a region such as cn-north-4", str),
    "project_id": _match("[A-Za-z0-9_-]{1,128}", f"a project id such as {_EXAMPLE_ID}", str),
    "cloud": _match(_HOST_NAME, "a domain such as myhuaweicloud.com", str),
    "endpoint": _parse_url,
    # Others write the version at its end.
    "iam_endpoint": lambda value: _parse_url(value).removesuffix("/v3"),
    "api_version": _choose({each.value: each for each in ApiVersion}, "auto, v2 or v3"),
    "ca_bundle": _get_text,
    "request_timeout": _parse_timeout,
    "retries": _match("[0-9]{1,3}", "a whole number up to 999, such as 3", int),
    "job_id": _get_text,
    "history": _choose(_SWITCH, "on or off"),
}
