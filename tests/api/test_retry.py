from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from casjob.api.pace import RetryPolicy
from casjob.errors import (
    AuthenticationError,
    CasjobError,
    JobNotFoundError,
    ReplyError,
    ServiceError,
    SettingsError,
    TransientError,
    UsageError,
)


class Attempts:
    """Raises the errors one by one, and then succeeds."""

    def __init__(self, *errors: BaseException) -> None:
        self._errors = iter(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        for error in self._errors:
            raise error
        return f"value {self.made}"


class Listener:
    """The messages and the waits."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.waits: list[float] = []

    def notify(self, retry: int, message: str) -> None:
        assert retry == len(self.messages) + 1
        self.messages.append(message)

    def run(self, policy: RetryPolicy, attempt: Callable[[], str]) -> str:
        return policy.call(attempt, notify=self.notify, sleep=self.waits.append)


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_a_success_is_not_retried(listener: Listener) -> None:
    assert listener.run(RetryPolicy(), Attempts()) == "value 1"
    assert (listener.messages, listener.waits) == ([], [])


def test_a_transient_error_is_retried(listener: Listener) -> None:
    attempts = Attempts(TransientError("no luck"), TransientError("bad luck"))

    assert listener.run(RetryPolicy(), attempts) == "value 3"
    assert len(listener.waits) == 2
    assert listener.messages == [
        f"no luck; retrying in {listener.waits[0]:.1f}s (1 of 3)",
        f"bad luck; retrying in {listener.waits[1]:.1f}s (2 of 3)",
    ]


@pytest.mark.parametrize(
    "error",
    [
        UsageError("no"),
        SettingsError("no"),
        AuthenticationError("no"),
        JobNotFoundError("no"),
        ServiceError("no"),
        ReplyError("no"),
        CasjobError("no"),
        ValueError("no"),
        KeyboardInterrupt("no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_other_error_is_retried(listener: Listener, error: BaseException) -> None:
    attempts = Attempts(error)

    with pytest.raises(type(error), match="no"):
        listener.run(RetryPolicy(), attempts)

    assert (attempts.made, listener.messages, listener.waits) == (1, [], [])


def test_an_error_that_is_not_transient_ends_the_retries(listener: Listener) -> None:
    attempts = Attempts(TransientError("no luck"), AuthenticationError("no entry"))

    with pytest.raises(AuthenticationError, match="no entry"):
        listener.run(RetryPolicy(), attempts)

    assert attempts.made == 2


@pytest.mark.parametrize("retries", [0, 1, 3, 7])
def test_the_last_error_is_raised_after_all_retries(listener: Listener, retries: int) -> None:
    errors = [TransientError(f"failure {number}") for number in range(retries + 2)]
    attempts = Attempts(*errors)

    with pytest.raises(TransientError) as raised:
        listener.run(RetryPolicy(retries=retries), attempts)

    assert raised.value is errors[retries]
    assert attempts.made == retries + 1
    assert len(listener.messages) == len(listener.waits) == retries


def test_three_retries_are_the_default() -> None:
    assert RetryPolicy().retries == 3


def waits_of(policy: RetryPolicy, retries: int, **error: Any) -> list[float]:
    listener = Listener()
    failures: Iterator[TransientError] = (TransientError("no luck", **error) for _ in count())
    with pytest.raises(TransientError):
        listener.run(
            policy._replace(retries=retries),
            Attempts(*(next(failures) for _ in range(retries + 1))),
        )
    return listener.waits


def test_waits_double_up_to_the_longest_and_vary_by_half() -> None:
    samples = [waits_of(RetryPolicy(), 8) for _ in range(50)]

    for longest, waits in zip(
        [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0], zip(*samples, strict=True), strict=True
    ):
        assert longest / 2 <= min(waits) < max(waits) <= longest
        assert max(waits) - min(waits) > longest / 8


def test_999_retries_do_not_overflow() -> None:
    assert max(waits_of(RetryPolicy(), 999)) <= 8.0


@pytest.mark.parametrize("asked", [0.0, 0.25, 3.0, 60.0])
def test_a_wait_is_longer_than_the_service_asks_for(asked: float) -> None:
    waits = waits_of(RetryPolicy(), 5, retry_after=asked)

    for wait, longest in zip(waits, [0.5, 1.0, 2.0, 4.0, 8.0], strict=True):
        assert asked + longest / 2 <= wait <= asked + longest


@pytest.mark.parametrize("asked", [60.1, 3600.0, float("inf")])
def test_a_retry_after_that_is_too_long_ends_the_retries(listener: Listener, asked: float) -> None:
    attempts = Attempts(TransientError("come back tomorrow", retry_after=asked))

    with pytest.raises(TransientError, match="come back tomorrow"):
        listener.run(RetryPolicy(), attempts)

    assert (attempts.made, listener.messages, listener.waits) == (1, [], [])


def test_the_default_sleeps() -> None:
    policy = RetryPolicy(retries=1, first_wait=0.001)

    assert policy.call(Attempts(TransientError("no luck")), notify=lambda *_: None) == "value 2"
