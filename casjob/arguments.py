"""What commands take beside groups of options: arguments, and options that stand alone."""

from functools import partial
from typing import Annotated, Any

import typer

from casjob.completers import complete_component, complete_job_id, complete_name

_argument: Any = partial(typer.Argument, show_default=False)

JobId = Annotated[
    str | None,
    _argument(
        metavar="JOB_ID",
        help="Job id, or a prefix of a recent one. Default: CASJOB_JOB_ID, or the job last viewed.",
        autocompletion=complete_job_id,
    ),
]

JobIds = Annotated[
    list[str] | None,
    _argument(
        metavar="JOB_ID",
        help="Job ids, or - to read them from stdin. Default: CASJOB_JOB_ID; for watch on a"
        " terminal, the job last viewed.",
        autocompletion=complete_job_id,
    ),
]

Base = Annotated[
    str | None,
    _argument(
        metavar="BASE",
        help="Job to compare with: an id, or a file as for show --from; - is stdin.",
        autocompletion=complete_job_id,
    ),
]

Compared = Annotated[
    str | None,
    _argument(
        metavar="JOB", help="Job to compare: an id or a file.", autocompletion=complete_job_id
    ),
]

Names = Annotated[
    list[str] | None,
    _argument(
        metavar="CODE",
        help="Error codes, task names, flows or status words. Default: those in the failure of"
        " CASJOB_JOB_ID, or of the job last viewed.",
        autocompletion=complete_name,
    ),
]

Component = Annotated[
    str | None,
    _argument(
        metavar="COMPONENT",
        help="List the deployments of this component (name or id). Default: all components, each"
        " with its last job.",
        autocompletion=complete_component,
    ),
]

OneComponent = Annotated[
    str,
    _argument(
        metavar="COMPONENT",
        help="Component, by its name or id.",
        autocompletion=complete_component,
    ),
]

Application = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Only components of this application."),
]

Full = Annotated[
    bool, typer.Option("--full", help="Show everything, even if it does not fit the screen.")
]

Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Show at most N.")]
