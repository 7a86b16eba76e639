"""All the places that settings come from, in their order.

A file's reader is loaded only where its file exists: most users have none or one of them, and
each brings a parser along. This is the third of the lazy seams.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from casjob.errors import SettingsError, UsageError
from casjob.settings.environment import read_casjob_variables, read_vendor_variables
from casjob.settings.files import home_of, is_missing, is_open_to_others, xdg_folder
from casjob.settings.values import SECRETS, Source, Value


class Found(NamedTuple):
    """What was found.

    Args:
        sources: the places with settings, the strongest first.
        warnings: what is wrong with places that nobody asked for.
    """

    sources: tuple[Source, ...]
    warnings: tuple[str, ...]


def find_sources(given: Mapping[str, str | None], environ: Mapping[str, str]) -> Found:
    """Read every place that may hold settings.

    Args:
        given: what the command line says, by the setting's name; None for what it does not.
        environ: the environment.

    Raises:
        UsageError: an option is empty.
        SettingsError: a place that was asked for is missing or can't be understood.
    """
    options = _read_options(given)
    variables = read_casjob_variables(environ)
    chosen = options.values.get("profile") or variables.values.get("profile")
    warnings: list[str] = []
    sources = [
        options,
        variables,
        *_read_profile(config_path(environ), chosen, warnings),
        *read_vendor_variables(environ),
        *_read_sdk_file(environ, warnings),
        *_read_koocli_file(home_of(environ) / ".hcloud" / "config.json", warnings),
    ]
    return Found(tuple(each for each in sources if each.values or each.unusable), tuple(warnings))


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where casjob's own file of profiles is, whether or not there is one."""
    return xdg_folder(environ, "XDG_CONFIG_HOME", ".config") / "config.toml"


def find_profile_names(environ: Mapping[str, str]) -> list[str]:
    """Return the profiles that can be chosen; none if the file can't be understood."""
    path = config_path(environ)
    if is_missing(path):
        return []
    from casjob.settings.profile import read_profile_names

    try:
        return read_profile_names(path)
    except SettingsError:
        return []


def _read_options(given: Mapping[str, str | None]) -> Source:
    values = {}
    for name, text in given.items():
        option = f"--{name.replace('_', '-')}"
        if text is not None:
            values[name] = Value(text.strip(), option)
            if not text.strip():
                raise UsageError(f"{option} is empty", hint="is a variable in it not set?")
    return Source("the command line", values, is_asked_for=True, is_own=True)


def _read_profile(path: Path, chosen: Value | None, warnings: list[str]) -> Iterator[Source]:
    if is_missing(path):
        if chosen:
            raise SettingsError(
                f"{chosen.origin} asks for the profile {chosen.text!r}, but there is no {path}",
                hint=f"write one: a table [{chosen.text}] with region, project_id and so on",
            )
        return
    from casjob.settings.profile import read_profile

    for source in _read(lambda: read_profile(path, chosen), warnings, is_asked_for=bool(chosen)):
        if SECRETS & source.values.keys() and is_open_to_others(path):
            warnings.append(f"{path} holds a secret, and others can read it: chmod 600 {path}")
        yield source


def _read_sdk_file(environ: Mapping[str, str], warnings: list[str]) -> Iterator[Source]:
    named = environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "").strip()
    path = Path(named) if named else home_of(environ) / ".huaweicloud" / "credentials"
    is_asked_for = bool(named)
    if is_missing(path) and not is_asked_for:
        return
    from casjob.settings.vendor_sdk import read_sdk_credentials

    yield from _read(
        lambda: read_sdk_credentials(path, is_asked_for=is_asked_for),
        warnings,
        is_asked_for=is_asked_for,
    )


def _read_koocli_file(path: Path, warnings: list[str]) -> Iterator[Source]:
    if is_missing(path):
        return
    from casjob.settings.koocli import read_koocli_profile

    yield from _read(lambda: read_koocli_profile(path), warnings, is_asked_for=False)


def _read(
    read: Callable[[], Source], warnings: list[str], *, is_asked_for: bool
) -> Iterator[Source]:
    """Yield the source, or warn of what is wrong with it if nobody asked for it."""
    try:
        yield read()
    except SettingsError as error:
        if is_asked_for:
            raise
        warnings.append("; ".join(filter(None, (error.message, error.hint))))
