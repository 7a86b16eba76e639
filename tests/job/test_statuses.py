import pytest

from casjob.errors import ExitStatus
from casjob.job.statuses import STATUS_WORDS, Outcome, Stage, spell_status, stage_of

MEANINGS = {
    "SUBMITTED": (Stage.NOT_BEGUN, Outcome.RUNNING, False),
    "SCHEDULED": (Stage.NOT_BEGUN, Outcome.RUNNING, False),
    "RUNNING": (Stage.UNDER_WAY, Outcome.RUNNING, False),
    "ROLLBACKING": (Stage.UNDER_WAY, Outcome.RUNNING, False),
    "SUCCEEDED": (Stage.SUCCEEDED, Outcome.SUCCEEDED, True),
    "SKIPPED": (Stage.SKIPPED, Outcome.SUCCEEDED, True),
    "FAILED": (Stage.FAILED, Outcome.FAILED, True),
    "PARTIALLY_FAILED": (Stage.FAILED, Outcome.FAILED, True),
    "CANCELLED": (Stage.FAILED, Outcome.FAILED, True),
    "ROLLBACKED": (Stage.FAILED, Outcome.FAILED, True),
    "UNKNOWN": (Stage.UNDECIDED, Outcome.UNKNOWN, False),
}


@pytest.mark.parametrize("word", MEANINGS)
def test_each_documented_word_has_its_meaning(word: str) -> None:
    stage = stage_of(word)

    assert (stage, stage.outcome, stage.has_ended) == MEANINGS[word]


@pytest.mark.parametrize("word", [None, "", "PAUSED", "FAILED.", "\x00"])
def test_any_other_word_decides_nothing(word: str | None) -> None:
    assert stage_of(word) is Stage.UNDECIDED


def test_the_words_that_are_completed_are_the_documented_ones() -> None:
    assert sorted(STATUS_WORDS) == sorted(MEANINGS)
    assert {stage for stage, *_ in MEANINGS.values()} == set(Stage)


def test_every_outcome_is_a_word_with_an_exit_status() -> None:
    assert {each: each.exit_status for each in Outcome} == {
        "succeeded": ExitStatus.SUCCESS,
        "failed": ExitStatus.FAILED,
        "running": ExitStatus.UNFINISHED,
        "unknown": ExitStatus.UNFINISHED,
    }


@pytest.mark.parametrize(
    ("word", "documented"),
    [
        ("succeeded", "SUCCEEDED"),
        ("CANCELED", "CANCELLED"),
        ("Canceled", "CANCELLED"),
        ("CANCELLED", "CANCELLED"),
        ("paused", "PAUSED"),
        (" failed\t", "FAILED"),
        ("failled", "FAILLED"),
        (None, ""),
    ],
)
def test_a_word_means_the_same_in_any_case_and_spelling(word: str | None, documented: str) -> None:
    assert spell_status(word) == documented
    assert stage_of(word) is stage_of(documented)
