"""Where the service is and who authenticates: the settings, from every source users keep them in.

Each source is read by a file of its own. `sources` orders them, `resolve` parses the strongest
value of each setting into a typed `Setting`, `overview` describes all of them.
"""

from enum import StrEnum


class ApiVersion(StrEnum):
    """The versions of the job API."""

    V2 = "v2"
    V3 = "v3"
