"""Looks names up in the data, and in a team's own file: `"VPC.*" = "ask the network team"`."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).parent / "data"

_TASK_SOURCE = "2018 catalogue"
_FLOW_SOURCE = "2018 catalogue; what the flow does is inferred from its tasks"

_COMMANDS = {"read the build's log": "casjob logs"}
"""The commands of casjob that do what an advice says."""

_SEPARATOR_PREFIX = "SEPARATOR_"
"""The task that heads the phase BUILDING is SEPARATOR_BUILDING."""

_ANY_PHASE = "heads a phase of the job: the steps after it, up to the next one; it does no work"

_SERVICESTAGE = frozenset({"SVCSTG", "ECC"})
"""The prefixes of ServiceStage. They do not say whose error it is: ServiceStage passes on those of
others under codes of its own."""

_ENGINE_CODE = re.compile(r"ECC[0-9]{5}", re.IGNORECASE)

_MOST_PARTS = 3
"""Parts of a code that may name the service, such as SVCSTG.CCE."""

_SPELLINGS = {"CANCELL": "CANCEL", "ISING": "IZING", "ISED": "IZED", "GREY": "GRAY"}
"""What British English spells otherwise than American English."""

_MAX_BYTES = 1024 * 1024
"""More than anybody writes of meanings; a device or a pipe in place of the file has no end."""


class Kind(StrEnum):
    """The kinds of names."""

    CODE = "code"
    TASK = "task"
    FLOW = "flow"
    STATUS = "status"
    PHASE = "phase"
    JOB_TYPE = "job_type"
    TASK_TYPE = "task_type"
    FAIL_DETAIL = "fail_detail"
    DEPLOY_TYPE = "deploy_type"
    BUILD_STATE = "build_state"
    BUILD_PHASE = "build_phase"
    WORD = "word"


class Service(NamedTuple):
    """The service that a code's prefix names, and what it runs."""

    prefix: str
    name: str
    runs: str

    def __str__(self) -> str:
        return f"{self.name} ({self.runs})"


class Explanation(NamedTuple):
    """Everything that is known about a name; None and empty where nothing is.

    `custom` is what the team's own file says, and `source` is where the rest is from: what the
    error means, or what the task or flow does; what to do about an error, and the service that the
    prefix of its code names; a task's flow; a flow's tasks, in the catalogue's order.
    """

    name: str
    kind: Kind
    custom: str | None = None
    means: str | None = None
    advice: str | None = None
    service: Service | None = None
    flow: str | None = None
    tasks: "tuple[Explanation, ...]" = ()
    source: str | None = None


class Catalogue:
    """What names mean; the data are read when the first name is looked up.

    Names are matched in any case, and status words in British and American spelling. A code's
    `APIG.` is the same as `APIGW.`. A team's own meanings are by name or by a pattern with `*`, `?`
    or `[…]`: an exact name has precedence over patterns, and a longer pattern over a shorter one.
    """

    def __init__(self, custom: Mapping[str, str] | None = None) -> None:
        self._custom = {name.upper(): meaning for name, meaning in (custom or {}).items()}
        self._titles: dict[str, str | None] = {}

    def explain(self, name: str) -> Explanation | None:
        """Return what is known about a name of any kind, or None for an unknown name."""
        known = self._known.get(_key(name))
        if known is None and name.upper().startswith(_SEPARATOR_PREFIX):
            known = Explanation(name, Kind.PHASE, means=_ANY_PHASE)
        if known is None or known.kind is Kind.CODE:
            known = self.explain_code(name)
            if known and (command := _COMMANDS.get(known.advice or "")):
                return known._replace(advice=f"{known.advice}: {command}")
            return known
        return known._replace(custom=self.find_custom(name))

    def explain_code(self, code: str) -> Explanation | None:
        """Return what is known about a code, or None if not even its service is known.

        Only the exact code has the documented meaning. Of any other, just the service is known.
        """
        known = self._known.get(_key(code))
        service, custom = find_service(code), self.find_custom(code)
        if known and known.kind is Kind.CODE:
            return known._replace(custom=custom, service=service)
        if service and service.prefix == "ECC" and not _ENGINE_CODE.fullmatch(code):
            # It is mistyped: its user gets a suggestion.
            service = None
        if custom or service:
            return Explanation(code, Kind.CODE, custom, service=service)
        return None

    def explain_failure(self, codes: Iterable[str | None]) -> tuple[str, ...]:
        """Return what is known about a failure by its codes, innermost first, in lines.

        The team's own meaning comes first. Then comes the innermost code that is documented; if
        that is an outer one, the service of the innermost code is named before it.
        """
        present = [code for code in codes if code]
        explained = [(code, each) for code in present if (each := self.explain_code(code))]

        def name(code: str, text: str) -> str:
            return text if code == present[0] else f"{code}: {text}"

        custom = [name(code, each.custom) for code, each in explained if each.custom]
        documented = [
            name(code, ": ".join(filter(None, (each.means, each.advice))))
            for code, each in explained
            if each.means
        ]
        services = [
            name(code, f"an error from {each.service}")
            for code, each in explained[:1]
            if each.service and not each.means and each.service.prefix not in _SERVICESTAGE
        ]
        return (*custom[:1], *services, *documented[:1])

    def find_title(self, task_name: str | None) -> str | None:
        """Return what a task does, by the team's own file or by the data; None if unknown."""
        if not task_name:
            return None
        # A long job has the same tasks many times over.
        if task_name not in self._titles:
            known = self._known.get(_key(task_name))
            title = known.means if known and known.kind is Kind.TASK else None
            self._titles[task_name] = self.find_custom(task_name) or title
        return self._titles[task_name]

    def find_custom(self, name: str) -> str | None:
        """Return what the team's own file says about a name of any kind."""
        names = dict.fromkeys([name.upper(), _canonicalize(name)])
        for each in names:
            if each in self._custom:
                return self._custom[each]
        patterns = [
            pattern for pattern in self._custom if any(fnmatchcase(each, pattern) for each in names)
        ]
        return self._custom[max(patterns, key=len)] if patterns else None

    def names(self) -> Iterator[str]:
        """Yield every name that has a meaning, for completion."""
        return (each.name for each in self._known.values())

    @cached_property
    def _known(self) -> Mapping[str, Explanation]:
        known: dict[str, Explanation] = {}
        flows = defaultdict[str, list[Explanation]](list)
        for code, means, advice, source in _read_rows("codes.tsv"):
            known[_key(code)] = Explanation(
                code, Kind.CODE, means=means, advice=advice or None, source=source
            )
        for name, title, flow in _read_rows("task_names.tsv"):
            task = Explanation(name, Kind.TASK, means=title, flow=flow or None, source=_TASK_SOURCE)
            known[_key(name)] = task
            flows[flow].append(task)
        for name, does in _read_rows("flows.tsv"):
            known[_key(name)] = Explanation(
                name, Kind.FLOW, means=does, tasks=tuple(flows[name]), source=_FLOW_SOURCE
            )
        for word, kind, means, source in _read_rows("words.tsv"):
            # One word may be of several kinds: UNKNOWN is a status and a type of job.
            if other := known.get(_key(word)):
                known[_key(word)] = other._replace(means=f"{other.means}; {means}")
            else:
                known[_key(word)] = Explanation(word, Kind(kind), means=means, source=source)
        return known


def read_custom_meanings(path: Path) -> tuple[dict[str, str], list[str]]:
    """Read a team's TOML file of names and texts, and what is wrong with it, in sentences.

    Each text becomes one line. A file that does not exist is no problem, and nothing is raised.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}, []
    except (OSError, ValueError) as error:
        return {}, [f"{path} can't be read: {getattr(error, 'strerror', None) or error}"]
    if len(content) > _MAX_BYTES:
        return {}, [f"{path} is larger than {_MAX_BYTES} bytes"]
    # Most users have no such file.
    import tomllib

    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return {}, [f"{path}, line {line}: not UTF-8"]
    except (ValueError, RecursionError) as error:
        return {}, [f"{path} is not TOML: {error}"]
    problems = {name: _find_problem(value) for name, value in document.items()}
    return (
        {name: " ".join(text.split()) for name, text in document.items() if not problems[name]},
        [f"{path}: {name!r} {problem}" for name, problem in problems.items() if problem],
    )


def _find_problem(value: object) -> str | None:
    if isinstance(value, dict):
        return 'is a table; a name with a dot needs quotes: "VPC.0202" = "…"'
    if not isinstance(value, str):
        return "is not text"
    return None if value.strip() else "is empty"


def find_service(code: str) -> Service | None:
    """Return the service that a code's prefix names, by the longest prefix that is known."""
    parts = re.split("[._-]", _canonicalize(code).rstrip("0123456789"), maxsplit=_MOST_PARTS)
    prefixes = (".".join(parts[:end]) for end in range(_MOST_PARTS, 0, -1))
    return next(filter(None, map(_read_services().get, prefixes)), None)


def fold_spelling(word: str) -> str:
    """Return a status word in one spelling for all cases, and for British and American English."""
    folded = word.upper()
    for british, american in _SPELLINGS.items():
        folded = folded.replace(british, american)
    return folded


@cache
def _read_services() -> Mapping[str, Service]:
    return {row[0]: Service(*row) for row in _read_rows("services.tsv")}


def _key(name: str) -> str:
    return fold_spelling(_canonicalize(name)).removeprefix(_SEPARATOR_PREFIX)


def _canonicalize(code: str) -> str:
    upper = code.upper()
    return f"APIGW.{upper.removeprefix('APIG.')}" if upper.startswith("APIG.") else upper


def _read_rows(name: str) -> list[list[str]]:
    """Return the rows of a data file without the header."""
    lines = (_DATA / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]
