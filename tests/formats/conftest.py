"""Draws made-up jobs with the whole program: over HTTP, from the options to the streams."""

from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any, Protocol

import pytest

from tests.conftest import JOB_ID, Casjob, Finished
from tests.samples import AS_OF
from tests.service import Recorded, Reply, Service


class Draw(Protocol):
    """Runs a command against a service that answers with one document."""

    def __call__(
        self,
        document: Mapping[str, Any],
        command: str = "show",
        *options: str,
        columns: int | None = None,
        rows: int = 1000,
        encoding: str = "utf-8",
        environ: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run it with times in UTC; with `columns`, on a terminal of that size."""
        ...


@pytest.fixture
def draw(casjob: Casjob, service: Service, at_service: dict[str, str]) -> Draw:
    """Return a way to see a job as casjob shows it."""

    def run_command(
        document: Mapping[str, Any],
        command: str = "show",
        *options: str,
        columns: int | None = None,
        rows: int = 1000,
        encoding: str = "utf-8",
        environ: Mapping[str, str] | None = None,
    ) -> Finished:
        def answer(request: Recorded) -> Reply:
            # All tasks come with the first page, however many those are.
            is_first = request.query["offset"] == ["0"]
            body = document if is_first else {**document, "tasks": []}
            return Reply(body=body, headers={"Date": format_datetime(AS_OF, usegmt=True)})

        service.handler = answer
        return casjob(
            command,
            JOB_ID,
            "--utc",
            *options,
            environ={**at_service, "LINES": str(rows), **(environ or {})},
            columns=columns,
            encoding=encoding,
        )

    return run_command
