"""Times in response headers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def read_date(headers: Mapping[str, str]) -> datetime | None:
    """Return the service's clock from the Date header, in UTC, or None."""
    return parse_http_date(headers.get("Date", ""))


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in Retry-After: a number of them, or a date (RFC 9110)."""
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value)
    moment = parse_http_date(value)
    if moment is None:
        return None
    now = read_date(headers) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def parse_http_date(value: str) -> datetime | None:
    """Return the time in a header such as Date, in UTC, or None."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
