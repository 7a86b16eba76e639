"""The seconds between two polls."""

MIN_INTERVAL = 2.0
"""Seconds between two polls of what has just changed."""
MAX_INTERVAL = 15.0
"""Seconds between two polls of what does not change."""
_GROWTH = 1.5


def grow(interval: float) -> float:
    """Return the next interval while nothing changes; the first one after 0."""
    return min(max(MIN_INTERVAL, interval * _GROWTH), MAX_INTERVAL)
