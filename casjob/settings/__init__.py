"""Where the service is and who authenticates: the settings, from every source users keep them in.

Each source is read by a file of its own. `sources` orders them, `resolve` parses the strongest
value of each setting, `overview` describes all of them for `casjob config`.

Names with a text each, as options, variables and the profiles of config.toml have them, are
checked by hand: pydantic takes 50 ms to load, and every request would wait for it. The JSON of
KooCLI and of a credential_command is checked by pydantic.
"""

from enum import StrEnum


class ApiVersion(StrEnum):
    """The versions of the job API; `auto` is v2, and v3 where the gateway has no v2."""

    AUTO = "auto"
    V2 = "v2"
    V3 = "v3"
