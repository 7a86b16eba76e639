"""Which requests to retry, and after how long."""

import random
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from casjob.errors import TransientError

_Value = TypeVar("_Value")


def back_off(failures: int, *, first: float, longest: float, growth: float = 2.0) -> float:
    """Return the seconds to wait after a number of failures in a row, at least 1."""
    return min(first * growth ** (failures - 1), longest)


class RetryPolicy(NamedTuple):
    """When to retry.

    Only a `TransientError` is retried: network failures, HTTP 429 and 5xx. A 401 never is,
    since five failures in a row lock an access key (API gateway, APIGW.0301).

    Args:
        retries: how many, after the first attempt.
        first_wait: seconds before the first retry, doubled for each further one.
        longest_wait: the most seconds to wait beside what the service asks for.
        longest_retry_after: the most seconds that the service may ask for; if it asks for more,
            there is no retry.
    """

    retries: int = 3
    first_wait: float = 0.5
    longest_wait: float = 8.0
    longest_retry_after: float = 60.0

    def call(
        self,
        attempt: Callable[[], _Value],
        *,
        notify: Callable[[int, str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> _Value:
        """Return what the attempt returns.

        Args:
            attempt: sends the request, built and signed anew.
            notify: gets each retry's number and a message about it.
            sleep: waits that many seconds.

        Raises:
            CasjobError: whatever the last attempt raised.
        """
        failures = 0
        while True:
            try:
                return attempt()
            except TransientError as error:
                asked = error.retry_after or 0.0
                if failures >= self.retries or asked > self.longest_retry_after:
                    raise
                failures += 1
                wait = asked + self._back_off(failures)
                notify(
                    failures,
                    f"{error.message}; retrying in {wait:.1f}s ({failures} of {self.retries})",
                )
                sleep(wait)

    def _back_off(self, failures: int) -> float:
        longest = back_off(failures, first=self.first_wait, longest=self.longest_wait)
        # Half of it at random, so that many pipelines do not retry at the same moment; added to
        # what the service asks for, which is the same for all of them.
        return longest * random.uniform(0.5, 1)  # noqa: S311 - nothing secret about it
