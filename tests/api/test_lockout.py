import threading

import pytest

from casjob.api.auth import LockoutGuard
from casjob.background import run_in_thread
from casjob.errors import AuthenticationError


def test_the_others_wait_until_the_first_was_accepted() -> None:
    guard = LockoutGuard()
    second_begun, second_has_turn = threading.Event(), threading.Event()

    def take_turn() -> None:
        second_begun.set()
        with guard.turn():
            second_has_turn.set()

    with guard.turn():
        second = run_in_thread(take_turn)
        assert second_begun.wait(5)
        assert not second_has_turn.is_set()
        guard.is_accepted = True

    second.result(timeout=5)
    assert second_has_turn.is_set()


def test_all_go_side_by_side_once_accepted() -> None:
    guard = LockoutGuard()
    guard.is_accepted = True
    both = threading.Barrier(2, timeout=5)

    def take_turn() -> None:
        with guard.turn():
            both.wait()

    for each in [run_in_thread(take_turn), run_in_thread(take_turn)]:
        each.result(timeout=5)


def test_none_goes_after_a_refusal() -> None:
    guard = LockoutGuard()
    refusal = AuthenticationError("refused")
    with guard.turn():
        guard.refusal = refusal

    with pytest.raises(AuthenticationError) as raised, guard.turn():
        pytest.fail("it went")

    assert raised.value is refusal
