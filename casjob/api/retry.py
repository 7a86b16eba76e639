"""When a request is tried again, and how long casjob waits before it: the whole policy."""

import random
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from casjob.errors import TransientError

_Answer = TypeVar("_Answer")


class RetryPolicy(NamedTuple):
    """How often, and how patiently.

    Only a `TransientError` is tried again: the network's failures, HTTP 429 and 5xx. A 401 is
    never sent twice, since five wrong tries lock an access key (API gateway, APIGW.0301).

    Args:
        tries: how many more, after the first.
        first_wait: seconds before the second try; doubled for each further one.
        longest_wait: seconds that no wait of ours exceeds, beside what the service asks for.
        longest_retry_after: seconds that the service may ask for; if it asks for more, the
            failure is told at once.
    """

    tries: int = 3
    first_wait: float = 0.5
    longest_wait: float = 8.0
    longest_retry_after: float = 60.0

    def call(
        self,
        attempt: Callable[[], _Answer],
        *,
        tell: Callable[[int, str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> _Answer:
        """Return the attempt's answer, trying again as the policy allows.

        Args:
            attempt: sends the request anew, signed anew.
            tell: is told of each further try: which it is, and what to say of it.
            sleep: waits that many seconds.

        Raises:
            CasjobError: whatever the last attempt raised.
        """
        tried = 0
        while True:
            try:
                return attempt()
            except TransientError as error:
                asked = error.retry_after or 0.0
                if tried >= self.tries or asked > self.longest_retry_after:
                    raise
                wait = asked + self._back_off(tried)
                tried += 1
                tell(tried, f"{error.message}; retrying in {wait:.1f}s ({tried} of {self.tries})")
                sleep(wait)

    def _back_off(self, tried: int) -> float:
        longest = min(self.first_wait * 2.0**tried, self.longest_wait)
        # Half of it at random, so that many pipelines do not come back at the same moment; on
        # top of what the service asks for, as it asks all of them for the same.
        return longest * random.uniform(0.5, 1)  # noqa: S311 - nothing secret about it
