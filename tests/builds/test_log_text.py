import time

import pytest

from casjob.builds.log_text import MAX_PARTS, LineReader, LogPart, LogReader, clean
from casjob.errors import ServiceError


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("\n", [""]),
        ("a\n\nb", ["a", "", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("10 %\r50 %\rdone\nnext", ["done", "next"]),
        ("10 %\r50 %\r", ["50 %"]),
        ("\r\r\n", [""]),
        (" 10 % \r 50 % \r\n", [" 50 % "]),
        ("\x1b[1;31mred\x1b[0m \x1b[2K\x1b[38;5;1mtoo\x9b0m", ["red too"]),
        ("\x1b]0;a title\x07\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\\x1b(B", ["link"]),
        ("\x1bc\x1b[", ["\x1bc\x1b["]),
        ("https://kim:pa:ss@w0rd@git.example.com/x", ["https://kim:****@git.example.com/x"]),
        ("https://:secret@host", ["https://:****@host"]),
        ("https://ghp_0123456789abcdefgh@host/x", ["https://****@host/x"]),
        ("https://ki\x1b[0mm:secret@host", ["https://kim:****@host"]),
        (
            "ssh://git@host:22/x http://host:80/@scope/x",
            ["ssh://git@host:22/x http://host:80/@scope/x"],
        ),
        ("\u202ea\ud83d\tb", ["\u202ea\ud83d\tb"]),
    ],
)
def test_lines_are_what_a_terminal_would_show(text: str, lines: list[str]) -> None:
    assert clean(text) == lines


def test_a_log_may_come_in_any_bits() -> None:
    log = "one\r\n\x1b[1mtwo\x1b[0m\n\nhttps://kim:my-secret@host\n5 %\r9 %"
    for size in range(1, 8):
        reader = LineReader()
        bits = [log[start : start + size] for start in range(0, len(log), size)]
        lines = [line for bit in bits for line in reader.read(bit)]

        assert [*lines, *reader.read("", is_last=True)] == [
            *("one", "two", "", "https://kim:****@host", "9 %")
        ]


def test_a_line_is_there_as_soon_as_it_is_complete() -> None:
    reader = LineReader()

    assert reader.read("one\ntw") == ["one"]
    assert reader.read("o") == []
    assert reader.read("\nthree\n") == ["two", "three"]


@pytest.mark.parametrize("bit", ["\x1b[", "\x1b]", "://a:", "://", "\r", "a\r", "@", "\n"])
def test_a_hostile_log_takes_little_time(bit: str) -> None:
    text = bit * (4_000_000 // len(bit))
    start = time.process_time()

    clean(text)

    assert time.process_time() - start < 10  # a quadratic search takes minutes


def test_what_came_before_a_failure_may_be_had_at_once() -> None:
    log = "abcdef"
    asked: list[int] = []

    def fetch(position: int) -> LogPart:
        asked.append(position)
        if len(asked) in {2, 3}:
            raise ServiceError("it failed")
        text = log[position : position + 2]
        return LogPart(text, position + len(text), ())

    reader = LogReader(fetch)
    assert reader.read(in_part=True) == "ab"
    with pytest.raises(ServiceError):
        reader.read(in_part=True)
    assert reader.read(in_part=True) == "cdef"
    assert asked == [0, 2, 2, 2, 4, 6]


def test_a_log_is_whole_where_that_is_asked_for() -> None:
    def fetch(position: int) -> LogPart:
        if position:
            raise ServiceError("it failed")
        return LogPart("ab", 2, ())

    with pytest.raises(ServiceError):
        LogReader(fetch).read()


def test_a_log_that_never_stops_growing_is_read_up_to_a_short_part() -> None:
    asked: list[int] = []

    def fetch(position: int) -> LogPart:
        asked.append(position)
        text = "x" * (4096 if position < 8192 else 20)
        return LogPart(text, position + len(text), ())

    reader = LogReader(fetch)
    assert len(reader.read(is_final=False)) == 4096 + 4096 + 20
    assert reader.read(is_final=False) == "x" * 20
    assert asked == [0, 4096, 8192, 8212]


def test_a_log_may_be_followed_for_more_parts_than_are_read_at_once() -> None:
    reader = LogReader(lambda position: LogPart("x", position + 1, ()))
    for _ in range(MAX_PARTS + 1):
        assert reader.read(is_final=False) == "x"
    assert reader.problem is None
