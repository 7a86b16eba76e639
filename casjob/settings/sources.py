"""All sources of settings, in their order.

A file's reader is imported only if the file exists: most users have none or one of the files, and
each brings a parser along.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from casjob.errors import SettingsError
from casjob.files import config_folder, home_folder, read_start
from casjob.settings.credentials import find_kind
from casjob.settings.environment import read_casjob_variables, read_other_variables
from casjob.settings.values import Source, Value, summarize

_MAX_BYTES = 1024 * 1024
"""Of a file; more than anybody's settings."""

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
    warnings: list[str] = []

    def attempt(
        read: Callable[[], Source | None], *, is_needed: bool, hint: str | None = None
    ) -> Source | None:
        try:
            return read()
        except SettingsError as error:
            if is_needed:
                error.hint = error.hint or hint
                raise
            warnings.append(summarize(error))
        return None

    options, variables = _read_options(given), read_casjob_variables(environ)
    chosen = options.values.get("profile") or variables.values.get("profile")
    # They say where the service is, and have a whole credential.
    are_enough = bool(
        {"region", "endpoint"} & (options.values.keys() | variables.values.keys())
        and find_kind(variables)
    )
    named = environ.get("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "").strip()
    found = (
        options,
        variables,
        attempt(
            partial(_read_profile, environ, chosen),
            is_needed=bool(chosen) or not (is_lenient or are_enough),
            hint=_NO_OTHER,
        ),
        *read_other_variables(environ),
        attempt(partial(_read_sdk_file, environ, named), is_needed=bool(named)),
        attempt(partial(_read_koocli_file, environ), is_needed=False),
    )
    sources = tuple(each for each in found if each)
    warnings += (each for source in sources for each in source.warnings)
    return tuple(each for each in sources if each.values or each.unusable), tuple(warnings)


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where casjob's own file of profiles is, whether or not it exists."""
    return config_folder(environ) / "config.toml"


def find_profile_names(environ: Mapping[str, str]) -> list[str]:
    """Return the profiles that can be chosen; none if the file is broken."""
    with suppress(SettingsError):
        path = config_path(environ)
        text = _read_file(path)
        if text is not None:
            from casjob.settings.profile import read_profiles

            return list(read_profiles(path, text)[0])
    return []


def _read_options(given: Mapping[str, str | None]) -> Source:
    # The command line has refused empty ones.
    values = {
        name: Value(text.strip(), f"--{name.replace('_', '-')}")
        for name, text in given.items()
        if text and text.strip()
    }
    return Source("the command line", values, explicit=True, is_own=True)


def _read_profile(environ: Mapping[str, str], chosen: Value | None) -> Source | None:
    path = config_path(environ)
    text = _read_file(path)
    if text is None and chosen is None:
        return None
    from casjob.settings.profile import read_profile

    return read_profile(path, text, chosen)


def _read_sdk_file(environ: Mapping[str, str], named: str) -> Source | None:
    path = Path(named) if named else home_folder(environ) / ".huaweicloud" / "credentials"
    text = _read_file(path, must_exist=bool(named))
    if text is None:
        return None
    from casjob.settings.vendor_files import read_sdk_credentials

    return read_sdk_credentials(path, text)._replace(explicit=bool(named))


def _read_koocli_file(environ: Mapping[str, str]) -> Source | None:
    path = home_folder(environ) / ".hcloud" / "config.json"
    text = _read_file(path)
    if text is None:
        return None
    from casjob.settings.vendor_files import read_koocli_profile

    return read_koocli_profile(path, text)


def _read_file(path: Path, *, must_exist: bool = False) -> str | None:
    """Return a file's text; None if there is no such file.

    Raises:
        SettingsError: it can't be read, is too large, or is not UTF-8.
    """
    try:
        content = read_start(path, _MAX_BYTES + 1)
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError) and not must_exist:
            return None
        raise SettingsError(f"{path} can't be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise SettingsError(f"{path} is too large to hold settings")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}, line {line}: not UTF-8") from None
