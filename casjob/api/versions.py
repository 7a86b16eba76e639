"""Which version of the API is used: the first of several that the endpoint has."""

import threading
from collections.abc import Callable
from typing import TypeVar

from casjob.errors import NoSuchApiError

_Value = TypeVar("_Value")


class Versions:
    """The versions that may be used, the preferred one first, for all threads.

    Once the gateway says that one is not there, the next is used; `remember` gets it if it is.
    """

    def __init__(self, *versions: str, remember: Callable[[str], None] = lambda _: None) -> None:
        self._left = list(versions)
        self._remember = remember
        self._is_switched = False
        self._lock = threading.Lock()

    @property
    def current(self) -> str:
        """The version to use."""
        return self._left[0]

    def may_be(self, version: str) -> bool:
        """Return whether a version may be used, now or where others are not there."""
        return version in self._left

    def call(self, request: Callable[[str], _Value]) -> _Value:
        """Return what a request returns that gets a version, the next one where it is not there.

        Raises:
            NoSuchApiError: no version is there.
        """
        while True:
            version = self.current
            try:
                value = request(version)
            except NoSuchApiError:
                if not self._drop(version):
                    raise
                continue
            if self._is_switched:
                self._is_switched = False
                self._remember(version)
            return value

    def _drop(self, version: str) -> bool:
        """Go on to the next version, unless another thread has; return whether there is one."""
        with self._lock:
            is_last = len(self._left) == 1
            if version == self.current and not is_last:
                del self._left[0]
                self._is_switched = True
                return True
            return version != self.current
