"""Looks names up in the data and in what a team has written down itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).parent / "data"

_WILDCARDS = frozenset("*?[")

_PREFIX = re.compile(r"[A-Z]+")
"""The service's part of a code: VPC of VPC.0202, ECC of ECC00011."""


class TaskMeaning(NamedTuple):
    """What a task does, `wait for the build to succeed`, and the flow that it belongs to."""

    name: str
    title: str
    flow: str | None


class FlowMeaning(NamedTuple):
    """What a flow does, and its own tasks in the catalogue's order.

    The name is also that of a job: `provision/provMain`.
    """

    name: str
    title: str
    tasks: tuple[TaskMeaning, ...]


class StatusMeaning(NamedTuple):
    """What a status word means for a job or task, for a component, or for both."""

    word: str
    job: str | None
    component: str | None


class Service(NamedTuple):
    """The service that a code's prefix names, and what it runs."""

    prefix: str
    name: str
    runs: str

    def __str__(self) -> str:
        return f"{self.name} ({self.runs})"


class CodeMeaning(NamedTuple):
    """What is known about an error code.

    What the team's own file says comes before what is documented: what the code means and what
    to do, from `source`. The prefix names the service.
    """

    code: str
    custom: str | None = None
    means: str | None = None
    advice: str | None = None
    service: Service | None = None
    source: str | None = None

    @property
    def documented(self) -> str | None:
        """The documented meaning with what to do about it, or None."""
        return ": ".join(filter(None, (self.means, self.advice))) or None


class Catalogue:
    """What names mean; the data are read when the first name is looked up.

    Names are matched in any case. A code's `APIG.` is the same as `APIGW.`. A team's own meanings
    are by name or by a pattern with `*`, `?` or `[…]`: an exact name has precedence over patterns,
    and a longer pattern over a shorter one.
    """

    def __init__(self, custom: Mapping[str, str] | None = None) -> None:
        self._custom = {name.upper(): meaning for name, meaning in (custom or {}).items()}
        self._titles: dict[str, str | None] = {}

    def find_title(self, task_name: str | None) -> str | None:
        """Return what a task does, by the team's own file or by the data; None if unknown."""
        if not task_name:
            return None
        # A long job has the same tasks many times over.
        if task_name not in self._titles:
            task = self.describe_task(task_name)
            self._titles[task_name] = self.find_custom(task_name) or (task.title if task else None)
        return self._titles[task_name]

    def explain_failure(self, codes: Iterable[str | None]) -> tuple[str, ...]:
        """Return what is known about a failure by its codes, innermost first, in lines.

        The team's own meaning comes first. Then comes the innermost code that is documented; if
        that is an outer one, the service of the innermost code is named before it.
        """
        known = [(code, self.describe_code(code)) for code in codes if code]
        meanings = [(code, meaning) for code, meaning in known if meaning]

        def name(code: str, text: str) -> str:
            return text if code == known[0][0] else f"{code}: {text}"

        custom = [name(code, meaning.custom) for code, meaning in meanings if meaning.custom]
        documented = [
            name(code, meaning.documented) for code, meaning in meanings if meaning.documented
        ]
        services = [
            name(code, f"an error of {meaning.service}")
            for code, meaning in meanings[:1]
            if meaning.service and not meaning.documented
        ]
        return (*custom[:1], *services, *documented[:1])

    def describe_task(self, name: str) -> TaskMeaning | None:
        """Return what a task does, or None for an unknown name."""
        return self._tasks.get(name.upper())

    def describe_flow(self, name: str) -> FlowMeaning | None:
        """Return what a flow does, or None for an unknown name."""
        return self._flows.get(name.upper())

    def describe_status(self, word: str) -> StatusMeaning | None:
        """Return what a status word means, or None for one that is not documented."""
        return self._statuses.get(word.upper())

    def describe_code(self, code: str) -> CodeMeaning | None:
        """Return what is known about a code, or None if not even its service is known.

        The documented meaning is only that of the very code; another one of the same service has
        just the service.
        """
        canonical = _canonicalize(code)
        known = self._codes.get(canonical)
        service = self._find_service(canonical)
        custom = self.find_custom(code)
        if known:
            return known._replace(custom=custom, service=service)
        return CodeMeaning(code, custom=custom, service=service) if custom or service else None

    def find_custom(self, name: str) -> str | None:
        """Return what the team's own file says about a name of any kind."""
        names = dict.fromkeys([name.upper(), _canonicalize(name)])
        for each in names:
            if each in self._custom:
                return self._custom[each]
        patterns = [
            pattern
            for pattern in self._custom
            if _WILDCARDS & set(pattern) and any(fnmatchcase(each, pattern) for each in names)
        ]
        return self._custom[max(patterns, key=len)] if patterns else None

    def names(self) -> Iterator[str]:
        """Yield every name that has a meaning, for completion."""
        yield from (each.code for each in self._codes.values())
        yield from (each.name for each in self._tasks.values())
        yield from (each.name for each in self._flows.values())
        yield from self._statuses

    def _find_service(self, code: str) -> Service | None:
        prefix = _PREFIX.match(code)
        return self._services.get(prefix[0]) if prefix else None

    @cached_property
    def _tasks(self) -> dict[str, TaskMeaning]:
        rows = _read_rows("task_names.tsv")
        return {name: TaskMeaning(name, title, flow or None) for name, title, flow in rows}

    @cached_property
    def _flows(self) -> dict[str, FlowMeaning]:
        tasks: dict[str | None, list[TaskMeaning]] = {}
        for task in self._tasks.values():
            tasks.setdefault(task.flow, []).append(task)
        return {
            name.upper(): FlowMeaning(name, title, tuple(tasks[name]))
            for name, title in _read_rows("flows.tsv")
        }

    @cached_property
    def _statuses(self) -> dict[str, StatusMeaning]:
        rows = _read_rows("statuses.tsv")
        return {word: StatusMeaning(word, job or None, part or None) for word, job, part in rows}

    @cached_property
    def _services(self) -> dict[str, Service]:
        return {row[0]: Service(*row) for row in _read_rows("services.tsv")}

    @cached_property
    def _codes(self) -> dict[str, CodeMeaning]:
        return {
            code.upper(): CodeMeaning(code, means=means, advice=advice or None, source=source)
            for code, means, advice, source in _read_rows("codes.tsv")
        }


def _canonicalize(code: str) -> str:
    upper = code.upper()
    return f"APIGW.{upper.removeprefix('APIG.')}" if upper.startswith("APIG.") else upper


def _read_rows(name: str) -> list[list[str]]:
    """Return the rows of a data file without the header."""
    lines = (_DATA / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]
