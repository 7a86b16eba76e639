"""Where the service is and who authenticates: the settings, from every source users keep them in.

`sources` reads them in their order, `resolve` parses the strongest value of each setting, and
`overview` describes all of them for `casjob config`. Values are checked by hand: pydantic takes
50 ms to load, and every request would wait for it.
"""

from enum import StrEnum


class ApiVersion(StrEnum):
    """The versions of the job API; `auto` is v2, and v3 where the gateway has no v2."""

    AUTO = "auto"
    V2 = "v2"
    V3 = "v3"
