"""Which requests to retry, and after how long."""

import random
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from casjob.errors import TransientError

_Value = TypeVar("_Value")


class RetryPolicy(NamedTuple):
    """How often to retry, and how many seconds to wait before.

    Only a `TransientError` is retried: network failures, HTTP 429 and 5xx. A 401 never is,
    since five failures in a row lock an access key (API gateway, APIGW.0301).
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
        """Return what the attempt returns; `notify` gets each retry's number and a message.

        Raises:
            CasjobError: whatever the last attempt raised.
        """
        longest = self.first_wait
        for retry in range(1, self.retries + 1):
            try:
                return attempt()
            except TransientError as error:
                asked = error.retry_after or 0.0
                if asked > self.longest_retry_after:
                    raise
                # Half of it at random, so that many pipelines do not retry at the same moment;
                # what the service asks for is the same for all of them.
                wait = asked + longest * random.uniform(0.5, 1)  # noqa: S311 - nothing secret
                told = f"{error.message}; retrying in {wait:.1f}s ({retry} of {self.retries})"
                notify(retry, told)
            sleep(wait)
            longest = min(longest * 2, self.longest_wait)
        return attempt()
