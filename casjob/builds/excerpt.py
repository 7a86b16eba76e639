"""Finds the lines of a build's log that say why it failed, as the tools of the trade write them."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

MAX_LINES = 20
_FIRST = 8
"""Of more lines than that, how many are the first ones: the first error is often behind others."""
_LAST_LINES = 10
"""Shown where nothing is recognised."""

_MAX_LENGTH = 1000
"""Characters of a line that are read."""
_MAX_CANDIDATES = 300
"""Lines with a hint that are examined, from the start and from the end: no log needs more."""

_PREFIX = re.compile(
    # BuildKit, with or without the number of the step: #11 4.567
    r"(?:(?:#\d+ )?\d+\.\d{1,3}(?: |$)"
    # A time, as 2026-11-30T10:00:00.123Z, [2026-11-30 10:00:00] or 10:00:00,123; and the stream
    r"|\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?"
    r"(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?(?: std(?:out|err) [FP])?(?:\s|$))+"
)
"""What a builder or a runner puts before each line of a tool."""

_YARN = "YN0001", "YN0018", "YN0028", "YN0035", "YN0041"
"""Errors of Yarn since version 2, which gives warnings and progress such codes too."""

_HINTS = (
    *("rror", "ERR", "xception", "FAIL", "ail", "atal", "aused by", "illed", "denied"),
    *("nauthorized", "orbidden", "pace left", "went wrong", "xit", "annot", "ndefined", "emory"),
    *("***", "non-zero", "most recent call", "go:", "e: file", "not found", "panic", *_YARN),
)
"""Every line with a sign has one of these, which are found much faster than a sign."""


def _any_of(*signs: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{sign})" for sign in signs))


_AT_START = _any_of(
    # Maven, without its closing advice; Gradle, Kotlin and Java
    r"\W*\[ERROR\] +(?!->|To see the full|Re-run|For more info|\[Help |After correct)\S",
    r"FAILURE: |\* What went wrong:|> Task \S+ FAILED|e: file:",
    r"\s*Caused by: |Exception in thread ",
    # npm, yarn and pnpm; webpack
    r"npm (?:ERR!|error) (?!A complete log)\S|error (?!.*\b0 )\S|\s*ERR_PNPM_",
    rf"\W*(?:{'|'.join(_YARN)}): |\W*YN0000: .*(?:Error: |Failed with errors)",
    r"ERROR in |Module not found: ",
    # Jest, Vitest and pytest, Go; others have a colon
    r"\s*(?:FAIL|FAILED|ERROR)\s+\S*[./]|FAIL\s+\S+\s+[\[\d]|FAIL(?:ED)?: [^\W\d]",
    # Many programs, as pip; an exception of Python or Java
    r"\s*(?:ERROR|Error|error(?:\[E\d+\])?|FATAL ERROR): \S|CMake Error\b|collect2: error: ",
    r"(?:E +|\s*)(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception)(?:: .*)?$",
    # Go; make and ninja
    r"\s*\S+\.go:\d+(?::\d+)?: |--- FAIL: |panic: \S",
    r"go: .*(?:cannot|no required|invalid|unknown|404)",
    r"\S*make(?:\[\d+\])?: \*\*\* |ninja: (?:error|build stopped)",
    # dotnet, BuildKit, Docker, git
    r"Build FAILED\.|#\d+ ERROR\b|(?:COPY|ADD) failed: |Error response from daemon: |Killed$",
    r"(?:remote: )?fatal(?: error)?: ",
)
_WITHIN = _any_of(
    # Compilers: file.c:3:5: error: …, file.cs(3,5): error CS0103: …; the linker
    r":\d+: (?:fatal )?error: |[:)] error [A-Z]{2,}\d+: ",
    r"\bundefined reference to |\bcannot find -l",
    r"\bELIFECYCLE\b|\bfailed to solve\b|\breturned a non-zero code\b|\bexecutor failed running\b",
    # What registries say
    r"\bdenied: | denied for |\bunauthorized: |\bmanifest (?:unknown|for \S+ not found)",
    r"\b40[13] (?:Unauthorized|Forbidden)\b",
    # What programs and the system say of an end
    r"\bexit(?:ed)?(?: with)?(?: (?:status|code))?(?: is|:)?[ =][1-9]\d{0,2}\b",
    r"[Kk]illed(?: {3}|$)|\bpanicked at ",
    r"\bOutOfMemoryError\b|\b(?:out of|allocate) memory\b|\bmemory exhausted\b|\bOOMKilled\b",
    r": (?:command )?not found$|\b[Pp]ermission denied\b|\b[Nn]o space left on device\b",
)

_TRACEBACK = "Traceback (most recent call last)"
_EXPLAINED = "* What went wrong:"
"""Gradle writes in the next lines what that was."""


def find_excerpt(lines: Sequence[str]) -> list[int]:
    """Return the indexes of the lines that say why a build failed, 20 at the most, in order.

    Where nothing is recognised they are the last lines. It is a help for reading, not a cause.
    """
    candidates = _find_candidates([line[:_MAX_LENGTH] for line in lines])
    del candidates[_MAX_CANDIDATES:-_MAX_CANDIDATES]
    found = sorted({each for index in candidates for each in _read_signs(lines, index)})
    if not found:
        return find_end(lines)
    del found[_FIRST : _FIRST - MAX_LINES]
    return found


def _find_candidates(lines: Sequence[str]) -> list[int]:
    """Return the indexes of lines with a hint, in order; of very many, the first and the last."""
    text = "".join(f"{line}\n" for line in lines)
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    found = set()
    for hint in _HINTS:
        start, end = 0, len(text)
        for _ in range(_MAX_CANDIDATES):
            at = text.find(hint, start, end)
            if at < 0:
                break
            first = bisect_right(starts, at) - 1
            last = bisect_right(starts, text.rfind(hint, start, end)) - 1
            found |= {first, last}
            start, end = starts[first + 1], starts[last]
    return sorted(found)


def find_end(lines: Sequence[str]) -> list[int]:
    """Return the indexes of the last lines."""
    return list(range(len(lines)))[-_LAST_LINES:]


def _read_signs(lines: Sequence[str], index: int) -> Iterator[int]:
    """Yield the lines, of this one and those after it, that are a sign or go with one."""
    line = _strip(lines[index])
    if _TRACEBACK in line:
        indent = len(line) - len(line.lstrip())
        for after in range(index + 1, min(index + 500, len(lines))):
            # Its last line is no further in than the first.
            if _strip(lines[after])[indent : indent + 1].strip():
                yield after
                return
    elif _AT_START.match(line) or _WITHIN.search(line):
        yield index
        if line.startswith(_EXPLAINED):
            yield from range(index + 1, min(index + 3, len(lines)))


def _strip(line: str) -> str:
    """Return what a tool wrote, without what was put before it; of a long line, its start."""
    line = line[:_MAX_LENGTH]
    prefix = _PREFIX.match(line)
    return line[prefix.end() :] if prefix else line
