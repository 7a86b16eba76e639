"""The credentials file of the vendor's SDKs: INI, section `[basic]`."""

import configparser
from pathlib import Path

from casjob.errors import SettingsError
from casjob.settings.files import read_file
from casjob.settings.values import Source, Value

_NAMES = {
    "ak": "access_key",
    "sk": "secret_key",
    "security_token": "security_token",
    "project_id": "project_id",
    "iam_endpoint": "iam_endpoint",
}


def read_sdk_credentials(path: Path) -> Source:
    """Return the settings in the file.

    Raises:
        SettingsError: the file is broken. The message holds none of its text.
    """
    # Interpolation off: a secret may hold a percent sign.
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(read_file(path))
    except configparser.MissingSectionHeaderError as error:
        raise SettingsError(f"{path}, line {error.lineno}: text before any [section]") from None
    except configparser.ParsingError as error:
        raise SettingsError(f"{path}, line {error.errors[0][0]}: not NAME = VALUE") from None
    if not parser.has_section("basic"):
        raise SettingsError(f"{path} has no section [basic]")
    texts = dict(parser.items("basic"))
    origin = str(path)
    return Source(
        origin,
        {name: Value(texts[key], origin, key) for key, name in _NAMES.items() if texts.get(key)},
    )
