"""A component on the command line, whose job is meant."""

from typing import NamedTuple


class ComponentName(NamedTuple):
    """A component whose last job is meant.

    Args:
        name: its name, its id, or a prefix of that.
        application: the name of the application that it belongs to, if that is given.
        after: not this job, but the next one; it may be empty, for a component without a job.
    """

    name: str
    application: str | None = None
    after: str | None = None
