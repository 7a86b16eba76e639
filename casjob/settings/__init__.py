"""Where the service is and who asks: settings from every place that users keep them."""

from enum import StrEnum


class ApiVersion(StrEnum):
    """The versions of the job API."""

    V2 = "v2"
    V3 = "v3"
