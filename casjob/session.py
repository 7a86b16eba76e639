"""What a command runs with, made once a run."""

import json
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from casjob.catalogue.meanings import Catalogue, read_custom_meanings
from casjob.errors import SettingsError
from casjob.files import cache_folder, config_folder
from casjob.json_text import read_moment
from casjob.settings.resolve import Settings, resolve_settings
from casjob.storage import Cache, History, RecentJob, history_folder, recent_jobs
from casjob.streams import Notices, Output

if TYPE_CHECKING:
    from casjob.api.jobs import ServiceStage

_VERSION_KEPT = timedelta(days=1)


@dataclass(eq=False, repr=False, kw_only=True)
class Session:
    """One run of casjob, with the settings given on the command line, by name.

    `for_replies` are modules that presenting the reply takes.
    """

    given: Mapping[str, str | None]
    demo: bool
    verbose: bool
    is_offline: bool = False
    environ: Mapping[str, str]
    notices: Notices
    output: Output
    for_replies: set[str] = field(default_factory=set)

    @cached_property
    def settings(self) -> Settings:
        """The effective settings. Problems with sources not chosen are warnings on stderr."""
        # A broken file matters only if an account is needed.
        is_lenient = self.demo or self.is_offline
        settings = resolve_settings(self.given, self.environ, is_lenient=is_lenient)
        for warning in settings.warnings:
            self.notices.say(f"warning: {warning}")
        return settings

    @cached_property
    def cache(self) -> Cache:
        """What is kept between runs."""
        return Cache(cache_folder(self.environ))

    @property
    def custom_meanings_file(self) -> Path:
        """Where a team writes down what names mean."""
        return config_folder(self.environ) / "explain.toml"

    @cached_property
    def catalogue(self) -> Catalogue:
        """What names mean. What is wrong with the team's own file is a warning on stderr."""
        meanings, problems = read_custom_meanings(self.custom_meanings_file)
        for problem in problems:
            self.notices.say(f"warning: {problem}")
        return Catalogue(meanings)

    def history(self, service: "ServiceStage") -> History:
        """Return the jobs last viewed in the service's project; the demo is one of its own."""
        return History(
            self._history_folder,
            endpoint=service.endpoint,
            project_id=service.project_id,
            location=service.location,
        )

    def recent_jobs(self) -> list[RecentJob]:
        """Return the jobs viewed in any project, newest first."""
        return recent_jobs(self._history_folder)

    @property
    def _history_folder(self) -> Path | None:
        return history_folder(self.environ) if self.settings.history.value else None

    def remember_components(self, names: Iterable[str]) -> None:
        """Keep the names of the project's components, for completions."""
        self.cache.put("components", *self._project_key, names=json.dumps(sorted(set(names))))

    def known_components(self) -> list[str]:
        """Return the names kept by `remember_components`; none if a setting is missing or wrong."""
        with suppress(ValueError, RecursionError, SettingsError):
            names = json.loads(self.cache.get("components", *self._project_key).get("names", "[]"))
            if isinstance(names, list):
                return [name for name in names if isinstance(name, str) and name.isprintable()]
        return []

    def remember_version(self, endpoint: str, version: str, *, api: str = "jobs") -> None:
        """Keep for a day which version of an API an endpoint has: the preferred one may come."""
        expires = datetime.now(UTC) + _VERSION_KEPT
        self.cache.put("version", api, endpoint, version=version, expires_at=expires.isoformat())

    def found_version(self, endpoint: str, *, api: str = "jobs") -> str | None:
        """Return the version kept by `remember_version`; None if none is."""
        kept = self.cache.get("version", api, endpoint)
        expires = read_moment(kept.get("expires_at"))
        is_valid = expires and datetime.now(UTC) < expires
        return kept.get("version") if is_valid else None

    @property
    def _project_key(self) -> tuple[str, ...]:
        """Identifies the project without a request."""
        if self.demo:
            return ("demo",)
        settings = self.settings
        project = settings.project_id.value or settings.region.value or ""
        return settings.endpoint.value, project

    def suggest(self, *words: str) -> str:
        """Return a command that reaches the same service; it can be pasted into a shell."""
        options = ["--demo"] if self.demo else []
        for name, text in self.given.items():
            if text is not None:
                options += [f"--{name.replace('_', '-')}", text]
        return shlex.join(["casjob", *words, *options])
