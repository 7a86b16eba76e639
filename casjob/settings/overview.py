"""Every setting with its origin, and what else was found."""

from collections.abc import Iterator

from casjob.errors import SettingsError
from casjob.settings import ApiVersion
from casjob.settings.regions import KNOWN_REGIONS, suggest_region
from casjob.settings.resolve import CREDENTIAL_STEPS, FROM_REGION, Settings
from casjob.settings.sources import find_credential
from casjob.settings.values import (
    CREDENTIALS,
    NOT_SET,
    SECRETS,
    SETTINGS,
    Entry,
    Overview,
    Value,
    mask,
    summarize,
)

_ADDRESSES = frozenset({"endpoint", "iam_endpoint"})

_OPTIONAL = CREDENTIALS | {"cloud"}
"""Settings that are not listed if they are not set: a user needs one credential of several."""

_UNSET = {
    "project_id": "not set: looked up from the region",
    "ca_bundle": "not set: certifi's CAs",
    "job_id": "not set: the job last viewed",
}


def describe_settings(settings: Settings, found_version: str | None = None) -> Overview:
    """Return every setting with its origin, and what else was found; no problem is raised.

    `found_version` is the one that `auto` found at the endpoint before.
    """
    notes = list(settings.warnings)
    in_force = {name: setting.raw for name, setting in settings.by_name().items() if setting.raw}
    try:
        credential, incomplete = find_credential(settings.sources)
    except SettingsError as error:
        credential, incomplete = None, [error.message]
    # The error about a missing region names them, too.
    notes += (each for each in incomplete if each not in str(settings.endpoint.problem))
    if credential:
        in_force |= credential.values()
    else:
        missing = SettingsError(
            "no credentials are set", hint=settings.profile_hint, steps=CREDENTIAL_STEPS
        )
        notes.append(summarize(missing))
    overruled = [
        _describe(name, value)
        for source in settings.sources
        for name, value in source.values.items()
        if in_force.get(name) is not value
    ]
    if found_version and settings.api_version.parsed is ApiVersion.AUTO:
        version = in_force["api_version"]
        origin = f"{version.origin}; the endpoint has {found_version} only"
        in_force["api_version"] = version._replace(origin=origin)
    needs_iam = "password" in in_force or "project_id" not in in_force
    notes += _find_problems(settings, needs_iam=needs_iam)
    shown = [
        _describe(name, in_force[name])
        if name in in_force
        else Entry(name, None, _UNSET.get(name, NOT_SET))
        for name in SETTINGS
        if name in in_force or name not in _OPTIONAL
    ]
    return Overview(tuple(shown), tuple(overruled), tuple(dict.fromkeys(notes)))


def _find_problems(settings: Settings, *, needs_iam: bool) -> Iterator[str]:
    region = settings.region.raw
    if region and settings.endpoint.origin == FROM_REGION and region.text not in KNOWN_REGIONS:
        suggestion = suggest_region(region.text)
        if suggestion:
            yield f"{region.label} is {region.text!r}, not a known region; {suggestion}"
    misses_iam = needs_iam and settings.endpoint.raw
    for name, setting in settings.by_name().items():
        is_unneeded = name == "iam_endpoint" and not setting.raw and not misses_iam
        if setting.problem and not is_unneeded:
            yield summarize(setting.problem)


def _describe(name: str, value: Value) -> Entry:
    return Entry(name, _show(name, value.text), value.origin)


def _show(name: str, text: str) -> str:
    if name in SECRETS:
        return mask(text)
    if name == "credential_command":
        # Its arguments may be secrets.
        program, *rest = text.split(maxsplit=1)
        if "=" in program:
            return "****"
        return f"{program} …" if rest else program
    if name in _ADDRESSES and set("@?#") & set(text):
        # A password or a key, which should not be in an address.
        return "****"
    return text
