"""All sources of settings, in their order, and the credential, all of it from one of them.

A file's reader is imported only if the file exists: most users have none or one of the files, and
each brings a parser along.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from casjob.errors import SettingsError
from casjob.files import config_folder, home_folder, read_start
from casjob.settings.values import CASJOB_SETTINGS, CREDENTIALS, SETTINGS, Source, Value, summarize

_MAX_BYTES = 1024 * 1024
"""Of a file; more than anybody's settings."""

VARIABLES = {
    "CASJOB_*": {f"CASJOB_{name.upper()}": name for name in SETTINGS if name in CASJOB_SETTINGS},
    "HUAWEICLOUD_SDK_*": {
        "HUAWEICLOUD_SDK_AK": "access_key",
        "HUAWEICLOUD_SDK_SK": "secret_key",
        "HUAWEICLOUD_SDK_SECURITY_TOKEN": "security_token",
        "HUAWEICLOUD_SDK_PROJECT_ID": "project_id",
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": "iam_endpoint",
    },
    # Terraform's; the second overrules the first.
    "HW_*": {
        "HW_REGION": "region",
        "HW_REGION_NAME": "region",
        "HW_ACCESS_KEY": "access_key",
        "HW_SECRET_KEY": "secret_key",
        "HW_SECURITY_TOKEN": "security_token",
        "HW_PROJECT_ID": "project_id",
        "HW_AUTH_TOKEN": "token",
        "HW_USER_NAME": "user_name",
        "HW_USER_PASSWORD": "password",
        "HW_DOMAIN_NAME": "domain_name",
        "HW_AUTH_URL": "iam_endpoint",
        "HW_CLOUD": "cloud",
    },
    "OS_*": {
        "OS_REGION_NAME": "region",
        "OS_ACCESS_KEY": "access_key",
        "OS_SECRET_KEY": "secret_key",
        "OS_PROJECT_ID": "project_id",
        "OS_AUTH_TOKEN": "token",
        "OS_USERNAME": "user_name",
        "OS_PASSWORD": "password",
        "OS_DOMAIN_NAME": "domain_name",
        "OS_AUTH_URL": "iam_endpoint",
    },
    # Exported by huaweicloud/auth-action in GitHub's pipelines.
    "HUAWEI_CLOUD_*": {
        "HUAWEI_CLOUD_REGION": "region",
        "HUAWEI_CLOUD_ACCESS_KEY_ID": "access_key",
        "HUAWEI_CLOUD_SECRET_ACCESS_KEY": "secret_key",
        "HUAWEI_CLOUD_PROJECT_ID": "project_id",
    },
}
"""The variables of casjob and of other programs, with their settings; the strongest first."""

_KINDS: Mapping[str, tuple[str, ...]] = {
    "token": (),
    "access_key": ("secret_key",),
    "user_name": ("password", "domain_name"),
    "credential_command": (),
}
"""What else each kind of credential needs, by its first setting, in order of preference."""

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

    options = _read_options(given)
    variables, *others = (_read_variables(name, environ) for name in VARIABLES)
    variables = variables._replace(explicit=True, is_own=True)
    chosen = options.values.get("profile") or variables.values.get("profile")
    # They say where the service is, and have a whole credential.
    are_enough = bool(
        {"region", "endpoint"} & (options.values.keys() | variables.values.keys())
        and _find_kind(variables)
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
        *others,
        attempt(
            partial(_read_sdk_file, environ, named),
            is_needed=bool(named),
            hint="HUAWEICLOUD_SDK_CREDENTIALS_FILE names it",
        ),
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


def _read_variables(source: str, environ: Mapping[str, str]) -> Source:
    # An empty variable is an unset one.
    texts = {variable: environ.get(variable, "").strip() for variable in VARIABLES[source]}
    values = {VARIABLES[source][name]: Value(text, name) for name, text in texts.items() if text}
    names = {setting: variable for variable, setting in VARIABLES[source].items()}
    return Source(source, values, variables=names)


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


class CredentialSource(NamedTuple):
    """The source that has the credential, and its kind: a key of `_KINDS`."""

    source: Source
    kind: str

    def values(self) -> dict[str, Value]:
        """Return the credential's settings, all of them from the one source."""
        optional = ("security_token",) if self.kind == "access_key" else ()
        names = (self.kind, *_KINDS[self.kind], *optional)
        return {name: self.source.values[name] for name in names if name in self.source.values}

    @property
    def origin(self) -> str:
        """Where it comes from, as people name it."""
        origin = self.source.values[self.kind].origin
        is_printed = self.kind == "credential_command"
        return f"credential_command of {origin}" if is_printed else origin


def find_credential(sources: Iterable[Source]) -> tuple[CredentialSource | None, list[str]]:
    """Return the first source with a whole credential, and what is wrong with those before it.

    Raises:
        SettingsError: a source that was asked for has a part of a credential. Another account is
            not used instead.
    """
    incomplete: list[str] = []
    for source in sources:
        if source.unusable:
            incomplete.append(source.unusable)
            continue
        if not CREDENTIALS & source.values.keys():
            continue
        if kind := _find_kind(source):
            return CredentialSource(source, kind), incomplete
        error = _describe_incomplete(source)
        if source.explicit:
            raise error
        incomplete.append(error.message)
    return None, incomplete


def _find_kind(source: Source) -> str | None:
    """Return which kind of credential a source has the whole of; None if it has none."""
    kinds = (kind for kind, others in _KINDS.items() if {kind, *others} <= source.values.keys())
    return next(kinds, None)


def _describe_incomplete(source: Source) -> SettingsError:
    present = sorted(CREDENTIALS & source.values.keys())
    login = {"user_name", *_KINDS["user_name"]}
    kind = "user_name" if login & source.values.keys() else "access_key"
    missing = [name for name in (kind, *_KINDS[kind]) if name not in source.values]
    if source.variables is None:
        message = f"{source.name} has {' and '.join(present)}, but no {' and no '.join(missing)}"
        return SettingsError(message, hint="all parts of a credential must come from one source")
    set_ones, unset_ones = (
        " and ".join(source.variables[name] for name in names) for names in (present, missing)
    )
    are = "is" if len(present) == 1 else "are"
    return SettingsError(
        f"{set_ones} {are} set, but not {unset_ones}",
        hint=f"set {unset_ones} as well, or unset {set_ones}",
    )


class ReadCredential(NamedTuple):
    """The texts of a credential by their settings, and when they expire, if that is known."""

    texts: dict[str, str]
    expires: datetime | None
    warning: str | None


def read_credential(
    found: CredentialSource,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    *,
    timeout: float = math.inf,
) -> ReadCredential:
    """Return the credential, running the program that prints it if there is one.

    `say` gets what the program wrote to stderr, if that is no terminal.

    Raises:
        SettingsError: the program failed, took longer than `timeout` seconds or printed what has
            expired, or a text can't be sent. The message does not hold it.
    """
    values, expires, warning = found.values(), None, None
    if found.kind == "credential_command":
        from casjob.settings.command import read_printed, run_command

        stdout = run_command(values[found.kind].text, found.origin, environ, timeout, say)
        values, expires, warning = read_printed(stdout, found.origin)
    texts = {name: _check(name, value) for name, value in values.items()}
    return ReadCredential(texts, expires, warning)


def _check(name: str, value: Value) -> str:
    """Return a text that can be sent: a login's in a body of UTF-8, any other in a header."""
    text = value.text
    if name in {"user_name", "password", "domain_name"}:
        can_be_sent = text.encode(errors="ignore").decode() == text
    else:
        can_be_sent = text.isascii() and text.isprintable() and " " not in text
    if not can_be_sent:
        raise SettingsError(
            f"{name} from {value.origin} contains characters that can't be sent",
            hint="was all of it copied, without a line break in it?",
        )
    return text
