"""All sources of settings, in their order.

A file's reader is imported only if the file exists: most users have none or one of the files, and
each brings a parser along.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from casjob.errors import SettingsError
from casjob.files import config_folder, home_folder
from casjob.settings.environment import read_casjob_variables, read_vendor_variables
from casjob.settings.files import is_missing, is_open_to_others
from casjob.settings.values import SECRETS, Source, Value, summarize


class Found(NamedTuple):
    """What was found.

    Args:
        sources: the sources with settings, the strongest first.
        warnings: what is wrong with sources that the user did not ask for.
    """

    sources: tuple[Source, ...]
    warnings: tuple[str, ...]


def find_sources(given: Mapping[str, str | None], environ: Mapping[str, str]) -> Found:
    """Read every source of settings.

    Args:
        given: the options, by the setting's name; None for one that is not given.
        environ: the environment.

    Raises:
        SettingsError: a source that the user asked for is missing or broken.
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
        *_read_koocli_file(home_folder(environ) / ".hcloud" / "config.json", warnings),
    ]
    return Found(tuple(each for each in sources if each.values or each.unusable), tuple(warnings))


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where casjob's own file of profiles is, whether or not it exists."""
    return config_folder(environ) / "config.toml"


def find_profile_names(environ: Mapping[str, str]) -> list[str]:
    """Return the profiles that can be chosen; none if the file is broken."""
    path = config_path(environ)
    if is_missing(path):
        return []
    from casjob.settings.profile import read_profile_names

    try:
        return read_profile_names(path)
    except SettingsError:
        return []


def _read_options(given: Mapping[str, str | None]) -> Source:
    # The command line has refused empty ones.
    values = {
        name: Value(text.strip(), f"--{name.replace('_', '-')}")
        for name, text in given.items()
        if text and text.strip()
    }
    return Source("the command line", values, is_asked_for=True, is_own=True)


def _read_profile(path: Path, chosen: Value | None, warnings: list[str]) -> Iterator[Source]:
    if is_missing(path):
        if chosen:
            raise SettingsError(
                f"{chosen.origin} asks for the profile {chosen.text!r}, but there is no {path}",
                hint=f"create it, with a table [{chosen.text}] that has region, project_id, …",
            )
        return
    from casjob.settings.profile import read_profile

    for source in _read(lambda: read_profile(path, chosen), warnings, is_asked_for=bool(chosen)):
        if SECRETS & source.values.keys() and is_open_to_others(path):
            warnings.append(f"{path} has a secret that other users can read: chmod 600 {path}")
        yield source


def _read_sdk_file(environ: Mapping[str, str], warnings: list[str]) -> Iterator[Source]:
    named = environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "").strip()
    path = Path(named) if named else home_folder(environ) / ".huaweicloud" / "credentials"
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
    """Yield the source; what is wrong with it is an error if it was asked for, else a warning."""
    try:
        source = read()
    except SettingsError as error:
        if is_asked_for:
            raise
        warnings.append(summarize(error))
        return
    if is_asked_for and source.problems:
        raise source.problems[0]
    warnings += map(summarize, source.problems)
    yield source
