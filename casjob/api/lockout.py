"""Keeps wrong credentials from being sent often: five failures in a row lock an account."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from casjob.errors import CasjobError


class LockoutGuard:
    """Sends the first request alone, and none after the credentials were refused.

    Otherwise, each of several concurrent requests would count as a failure. Source: APIGW.0301,
    and IAM's login policy.
    """

    def __init__(self) -> None:
        # Reentrant, since a refused request may be sent again with a renewed token.
        self._lock = threading.RLock()
        self._is_accepted = False
        self._refusal: CasjobError | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until a request may be sent.

        Raises:
            CasjobError: the credentials were refused before.
        """
        with nullcontext() if self._is_accepted else self._lock:
            if self._refusal:
                raise self._refusal
            yield

    def accept(self) -> None:
        """Allow all other requests."""
        self._is_accepted = True

    def refuse(self, error: CasjobError) -> None:
        """Refuse all further requests with this error."""
        self._refusal = error
