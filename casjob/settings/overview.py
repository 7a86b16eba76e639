"""Every setting and where it came from, and what was found beside it."""

from casjob.errors import SettingsError
from casjob.overview import Entry, Overview
from casjob.settings.credentials import find_credential
from casjob.settings.resolve import GETTING_GOING, Settings
from casjob.settings.values import CREDENTIALS, SECRETS, SETTINGS, Value, mask


def describe_settings(settings: Settings) -> Overview:
    """Return every setting with its origin, and what else was found. Nothing wrong is raised."""
    notes = list(settings.warnings)
    in_force = dict(settings.values)
    try:
        credential, halves = find_credential(settings.sources)
    except SettingsError as error:
        credential, halves = None, [error.message]
    notes += halves
    if credential:
        in_force |= credential.values()
    else:
        notes.append(f"no credentials are set: {GETTING_GOING}")
    overruled = [
        _describe(name, value)
        for source in settings.sources
        for name, value in source.values.items()
        if in_force.get(name) is not value
    ]
    needs_iam = "project_id" not in in_force or "password" in in_force
    misses_iam = needs_iam and "endpoint" in in_force
    for name in _CHECKED:
        if name == "iam_endpoint" and not (misses_iam or settings.find("region")):
            continue
        try:
            found = getattr(settings, name)
        except SettingsError as error:
            notes.append(error.message)
        else:
            if name in _BUILT:
                in_force.setdefault(name, Value(found, "built from the region"))
    shown = [
        _describe(name, in_force[name]) if name in in_force else _describe_unset(name)
        for name in SETTINGS
        if name in in_force or name not in _LEFT_OUT
    ]
    return Overview(tuple(shown), tuple(overruled), tuple(dict.fromkeys(notes)))


_BUILT = ("endpoint", "iam_endpoint")

_CHECKED = ("region", "project_id", *_BUILT, "api_version", "request_timeout", "retries")
"""Those that may be wrong, or missing."""

_LEFT_OUT = CREDENTIALS | {"cloud"}
"""Those that nobody misses who has others."""

_UNSET = {
    "project_id": "not set: looked up by the region",
    "ca_bundle": "not set: the usual authorities",
    "job_id": "not set: the job last looked at",
    "history": "not set: kept",
}


def _describe(name: str, value: Value) -> Entry:
    return Entry(name, _show(name, value.text), value.origin)


def _describe_unset(name: str) -> Entry:
    return Entry(name, None, _UNSET.get(name, "not set"))


def _show(name: str, text: str) -> str:
    if name in SECRETS:
        return mask(text)
    if name == "credential_command":
        # Its arguments may be secrets.
        program, *rest = text.split(maxsplit=1)
        if "=" in program:
            return "****"
        return f"{program} …" if rest else program
    if name in _BUILT and set("@?#") & set(text):
        # A password or a key, which an address may not hold, but does.
        return "****"
    return text
