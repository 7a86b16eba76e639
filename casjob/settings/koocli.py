"""KooCLI's file of profiles, JSON; its current profile is used."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from casjob.errors import SettingsError
from casjob.json_text import decode
from casjob.settings.files import read_file
from casjob.settings.values import CREDENTIALS, SETTINGS, Source, Value

_LONGEST_PLAIN_KEY = 40
"""Characters of a secret key as the console gives it; KooCLI's encrypted ones are far longer."""


def _read_text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


_Text = Annotated[str | None, BeforeValidator(_read_text)]
"""What is not text counts as missing."""


class _Profile(BaseModel):
    name: object = None
    mode: object = None
    access_key: _Text = Field(default=None, alias="accessKeyId")
    secret_key: _Text = Field(default=None, alias="secretAccessKey")
    security_token: _Text = Field(default=None, alias="securityToken")
    region: _Text = Field(default=None, alias="region")
    project_id: _Text = Field(default=None, alias="projectId")

    def find_fault(self, origin: str) -> str | None:
        """Return why casjob can't use the profile's credential, and what the user can do."""
        mode = self.mode or "AKSK"
        if not isinstance(mode, str):
            return f"the current profile in {origin} has a mode that is not text"
        if mode != "AKSK":
            return f"the current profile in {origin} has mode {mode}, which only KooCLI can use"
        secret = self.secret_key or "plain"
        if len(secret) > _LONGEST_PLAIN_KEY or not secret.isalnum():
            return (
                f"the secrets in {origin} are encrypted, so that only KooCLI can use them"
                " (hcloud configure set --cli-auth-encrypt=false stores them unencrypted)"
            )
        return None


class _File(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    profiles: list[Annotated[_Profile | object, Field(union_mode="left_to_right")]]
    # Not None, which a profile without a name has too.
    current: object = ""


def read_koocli_profile(path: Path) -> Source:
    """Return the settings of the current profile, without its secrets if they are encrypted.

    Raises:
        SettingsError: the file is broken.
    """
    profile, origin = _find_current(path), str(path)
    unusable = profile.find_fault(origin)
    values = {
        name: Value(text, origin, _Profile.model_fields[name].alias)
        for name, text in profile
        if name in SETTINGS and text and not (unusable and name in CREDENTIALS)
    }
    return Source(origin, values, unusable=unusable)


def _find_current(path: Path) -> _Profile:
    try:
        file = _File.model_validate(decode(read_file(path)))
    except ValidationError:
        raise SettingsError(f"{path} has no list of profiles") from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        where = f"{path}, line {line}" if line else str(path)
        raise SettingsError(f"{where}: not JSON") from None
    if not file.profiles:
        return _Profile()
    for profile in file.profiles:
        if isinstance(profile, _Profile) and profile.name == file.current:
            return profile
    raise SettingsError(f"{path} names a current profile that does not exist")
