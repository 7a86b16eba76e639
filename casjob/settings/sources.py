"""All sources of settings, in their order.

A file's reader is imported only if the file exists: most users have none or one of the files, and
each brings a parser along.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from casjob.errors import SettingsError
from casjob.files import config_folder, home_folder
from casjob.settings.credentials import find_kind
from casjob.settings.environment import read_casjob_variables, read_vendor_variables
from casjob.settings.files import is_missing
from casjob.settings.values import Source, Value, summarize

_NO_OTHER = (
    "fix it, or set the region and a whole credential with CASJOB_* variables; no other account is"
    " used in place of the one in the file"
)


def find_sources(
    given: Mapping[str, str | None], environ: Mapping[str, str], *, is_lenient: bool = False
) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Return the sources with settings, the strongest first, and what is wrong with others.

    `given` are the options, by the setting's name. Leniently, casjob's own file may be broken.

    Raises:
        SettingsError: casjob's own file, or a source that the user asked for, is broken or missing.
    """
    options, variables = _read_options(given), read_casjob_variables(environ)
    chosen = options.values.get("profile") or variables.values.get("profile")
    sources, warnings = [options, variables], list[str]()
    path = config_path(environ)
    if chosen or not is_missing(path):
        from casjob.settings.profile import read_profile

        try:
            profile = read_profile(path, chosen)
        except SettingsError as error:
            if chosen or not (is_lenient or _have_everything(options, variables)):
                error.hint = error.hint or _NO_OTHER
                raise
            warnings.append(summarize(error))
        else:
            sources.append(profile._replace(explicit=bool(chosen)))
    for explicit, read in _find_readers(environ):
        try:
            source = read()
        except SettingsError as error:
            if explicit:
                raise
            warnings.append(summarize(error))
        else:
            sources.append(source._replace(explicit=explicit))
    warnings += (each for source in sources for each in source.warnings)
    return tuple(each for each in sources if each.values or each.unusable), tuple(warnings)


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where casjob's own file of profiles is, whether or not it exists."""
    return config_folder(environ) / "config.toml"


def find_profile_names(environ: Mapping[str, str]) -> list[str]:
    """Return the profiles that can be chosen; none if the file is broken."""
    path = config_path(environ)
    if is_missing(path):
        return []
    from casjob.settings.profile import read_profiles

    with suppress(SettingsError):
        return list(read_profiles(path)[0])
    return []


def _read_options(given: Mapping[str, str | None]) -> Source:
    # The command line has refused empty ones.
    values = {
        name: Value(text.strip(), f"--{name.replace('_', '-')}")
        for name, text in given.items()
        if text and text.strip()
    }
    return Source("the command line", values, explicit=True, is_own=True)


def _have_everything(options: Source, variables: Source) -> bool:
    """Return whether they say where the service is, and have a whole credential."""
    is_placed = {"region", "endpoint"} & (options.values.keys() | variables.values.keys())
    return bool(is_placed) and find_kind(variables) is not None


def _find_readers(
    environ: Mapping[str, str],
) -> Iterator[tuple[bool, Callable[[], Source]]]:
    """Yield how to read each source that is not casjob's own, and whether it was asked for."""
    for source in read_vendor_variables(environ):
        yield False, source._replace
    named = environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "").strip()
    path = Path(named) if named else home_folder(environ) / ".huaweicloud" / "credentials"
    if named or not is_missing(path):
        from casjob.settings.vendor_sdk import read_sdk_credentials

        yield bool(named), partial(read_sdk_credentials, path)
    path = home_folder(environ) / ".hcloud" / "config.json"
    if not is_missing(path):
        from casjob.settings.koocli import read_koocli_profile

        yield False, partial(read_koocli_profile, path)
