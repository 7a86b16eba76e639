from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from casjob.api.retry import RetryPolicy
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
    """An attempt that fails in the given ways, one after the other, and then succeeds."""

    def __init__(self, *errors: BaseException) -> None:
        self._errors = iter(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        for error in self._errors:
            raise error
        return f"answer {self.made}"


class Listener:
    """What was told, and how long was waited."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.waits: list[float] = []

    def tell(self, tried: int, words: str) -> None:
        assert tried == len(self.told) + 1
        self.told.append(words)

    def run(self, policy: RetryPolicy, attempt: Callable[[], str]) -> str:
        return policy.call(attempt, tell=self.tell, sleep=self.waits.append)


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_an_answer_is_taken_as_it_is(listener: Listener) -> None:
    assert listener.run(RetryPolicy(), Attempts()) == "answer 1"
    assert (listener.told, listener.waits) == ([], [])


def test_what_another_try_may_mend_is_tried_again(listener: Listener) -> None:
    attempts = Attempts(TransientError("no luck"), TransientError("bad luck"))

    assert listener.run(RetryPolicy(), attempts) == "answer 3"
    assert len(listener.waits) == 2
    assert listener.told == [
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
def test_nothing_else_is_tried_again(listener: Listener, error: BaseException) -> None:
    attempts = Attempts(error)

    with pytest.raises(type(error), match="no"):
        listener.run(RetryPolicy(), attempts)

    assert (attempts.made, listener.told, listener.waits) == (1, [], [])


def test_an_error_that_is_not_transient_ends_the_tries(listener: Listener) -> None:
    attempts = Attempts(TransientError("no luck"), AuthenticationError("no entry"))

    with pytest.raises(AuthenticationError, match="no entry"):
        listener.run(RetryPolicy(), attempts)

    assert attempts.made == 2


@pytest.mark.parametrize("tries", [0, 1, 3, 7])
def test_the_last_failure_is_raised_after_as_many_tries_as_are_allowed(
    listener: Listener, tries: int
) -> None:
    errors = [TransientError(f"failure {number}") for number in range(tries + 2)]
    attempts = Attempts(*errors)

    with pytest.raises(TransientError) as raised:
        listener.run(RetryPolicy(tries=tries), attempts)

    assert raised.value is errors[tries]
    assert attempts.made == tries + 1
    assert len(listener.told) == len(listener.waits) == tries


def test_three_more_tries_is_the_default() -> None:
    assert RetryPolicy().tries == 3


def waits_of(policy: RetryPolicy, tries: int, **error: Any) -> list[float]:
    listener = Listener()
    failures: Iterator[TransientError] = (TransientError("no luck", **error) for _ in count())
    with pytest.raises(TransientError):
        listener.run(
            policy._replace(tries=tries), Attempts(*(next(failures) for _ in range(tries + 1)))
        )
    return listener.waits


def test_waits_double_up_to_the_longest_and_vary_by_half() -> None:
    samples = [waits_of(RetryPolicy(), 8) for _ in range(50)]

    for longest, waits in zip(
        [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0], zip(*samples, strict=True), strict=True
    ):
        assert longest / 2 <= min(waits) < max(waits) <= longest
        assert max(waits) - min(waits) > longest / 8


def test_999_tries_are_no_arithmetic_trouble() -> None:
    assert max(waits_of(RetryPolicy(), 999)) <= 8.0


@pytest.mark.parametrize("asked", [0.0, 0.25, 3.0, 60.0])
def test_the_service_is_left_alone_for_as_long_as_it_asks(asked: float) -> None:
    waits = waits_of(RetryPolicy(), 5, retry_after=asked)

    for wait, longest in zip(waits, [0.5, 1.0, 2.0, 4.0, 8.0], strict=True):
        assert asked + longest / 2 <= wait <= asked + longest


@pytest.mark.parametrize("asked", [60.1, 3600.0, float("inf")])
def test_a_service_that_asks_for_too_long_a_wait_is_given_up_at_once(
    listener: Listener, asked: float
) -> None:
    attempts = Attempts(TransientError("come back tomorrow", retry_after=asked))

    with pytest.raises(TransientError, match="come back tomorrow"):
        listener.run(RetryPolicy(), attempts)

    assert (attempts.made, listener.told, listener.waits) == (1, [], [])


def test_it_really_sleeps() -> None:
    policy = RetryPolicy(tries=1, first_wait=0.001)

    assert policy.call(Attempts(TransientError("no luck")), tell=lambda *_: None) == "answer 2"
