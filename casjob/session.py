"""What a command runs with, beside its own options."""

from collections.abc import Mapping
from typing import NamedTuple

from casjob.cache import Cache
from casjob.history import History, find_history_folder
from casjob.notices import Notices
from casjob.settings.files import xdg_folder
from casjob.settings.resolve import Settings, resolve_settings


class Session(NamedTuple):
    """One run of casjob: what the command line says, and the world around it.

    Args:
        given: the settings on the command line, by name.
        demo: whether to ask the built-in sample service.
        verbose: whether to tell each request and reply.
        environ: the environment.
        notices: where to say what is not the answer.
    """

    given: Mapping[str, str | None]
    demo: bool
    verbose: bool
    environ: Mapping[str, str]
    notices: Notices

    def settings(self) -> Settings:
        """Return the settings in force, and say what is wrong with places nobody asked for."""
        settings = resolve_settings(self.given, self.environ)
        for warning in settings.warnings:
            self.notices.say(f"warning: {warning}")
        return settings

    def history(self, endpoint: str, project_id: str) -> History:
        """Return the jobs looked at in a project; a demo is not remembered."""
        folder = None if self.demo else find_history_folder(self.environ)
        return History(folder, endpoint=endpoint, project_id=project_id)

    def cache(self) -> Cache:
        """Return what is kept between runs."""
        return Cache(xdg_folder(self.environ, "XDG_CACHE_HOME", ".cache"))

    def options(self) -> list[str]:
        """Return the connection's options, to be repeated in a command that is suggested."""
        words = ["--demo"] if self.demo else []
        for name, text in self.given.items():
            if text is not None:
                words += [f"--{name.replace('_', '-')}", text]
        return words
