"""The effective settings: of each setting the strongest source's value, parsed once."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from casjob.errors import CasjobError, SettingsError
from casjob.files import home_folder
from casjob.settings import ApiVersion, parsers
from casjob.settings.credentials import find_credential
from casjob.settings.regions import suggest_region
from casjob.settings.sources import config_path, find_profile_names, find_sources
from casjob.settings.values import CREDENTIALS, DEFAULT_PROFILE, Setting, Source, Value

DEFAULTS = {
    "api_version": Value("auto", "default"),
    "request_timeout": Value("30", "default"),
    "retries": Value("3", "default"),
    "history": Value("on", "default"),
}

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
    """Read all sources, and return the effective settings; for arguments and errors see there."""
    sources, warnings = find_sources(given, environ, is_lenient=is_lenient)
    account, incomplete_credentials = _find_account(sources)
    values = DEFAULTS | _merge(sources, account)
    is_complete = account is not None and not values.keys().isdisjoint({"region", "endpoint"})
    profile_hint = None if is_complete or "profile" in values else _suggest_profile(environ)

    def required(name: str, parse: Callable[[Value], T]) -> Setting[T]:
        try:
            return Setting(values[name], parse(values[name]))
        except CasjobError as error:
            return Setting(values[name], error)

    def optional(name: str, parse: Callable[[Value], T]) -> Setting[T | None]:
        return required(name, parse) if name in values else Setting(None, None)

    region = optional("region", parsers.parse_region)
    cloud = optional("cloud", parsers.parse_cloud)
    missing_region = SettingsError(
        "; ".join([*incomplete_credentials, "no region is set"]),
        hint=profile_hint,
        steps=(_REGION_STEP, *((CHECK_STEP,) if account else CREDENTIAL_STEPS)),
    )
    missing_iam_endpoint = SettingsError(
        "neither a region nor an IAM endpoint is set",
        hint="set CASJOB_REGION or CASJOB_IAM_ENDPOINT",
    )
    return Settings(
        profile=optional("profile", parsers.parse_text),
        region=region,
        project_id=optional("project_id", parsers.parse_project_id),
        endpoint=required("endpoint", parsers.parse_url)
        if "endpoint" in values
        else _build_address("servicestage", region, cloud, missing_region),
        iam_endpoint=required("iam_endpoint", parsers.parse_iam_url)
        if "iam_endpoint" in values
        else _build_address("iam", region, cloud, missing_iam_endpoint),
        cloud=cloud,
        api_version=required("api_version", parsers.parse_api_version),
        ca_bundle=optional("ca_bundle", lambda value: _expand_home(value.text, environ)),
        request_timeout=required("request_timeout", parsers.parse_timeout),
        retries=required("retries", parsers.parse_retries),
        job_id=optional("job_id", parsers.parse_text),
        history=required("history", parsers.parse_switch),
        sources=sources,
        warnings=warnings,
        profile_hint=profile_hint,
    )


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
            raise parsers.wrong_value(region.raw, "a region such as cn-north-4", hint=hint)
    except CasjobError as error:
        return Setting(None, error)
    usual = "myhuaweicloud.eu" if name.startswith("eu-west-1") else "myhuaweicloud.com"
    address = f"https://{service}.{name}.{domain or usual}"
    return Setting(Value(address, FROM_REGION), address)


def _expand_home(path: str, environ: Mapping[str, str]) -> str:
    """Return a path with `~/` replaced: in a file, no shell does it."""
    return str(home_folder(environ) / path[2:]) if path.startswith("~/") else path
