"""casjob list: the components of a project with their last jobs, or one with its deployments."""

from casjob.errors import ExitStatus, UsageError
from casjob.formats.display import Presentation
from casjob.job.detail import ComponentName
from casjob.service import open_service
from casjob.session import Session
from casjob.targets import find_component, list_components, list_deployments


def run(
    component: str | None,
    session: Session,
    presentation: Presentation,
    *,
    application: str | None,
    only_failed: bool,
    limit: int | None,
) -> ExitStatus:
    """List components, or the deployments of one; with a limit, at most so many."""
    if component is None:
        with open_service(session) as service:
            listing = list_components(application, service.components, session)
        shown = listing.select(only_failed=only_failed, limit=limit)
        presentation.show(shown, notes=shown.notes)
        return ExitStatus.SUCCESS
    if only_failed:
        raise UsageError("--failed selects components: it can't be used with the name of one")
    with open_service(session) as service:
        named = ComponentName(component, application)
        found = find_component(named, service.components, session)
        history = list_deployments(found, service.components, session)
    if history.deployments is not None:
        history = history._replace(deployments=history.deployments[:limit])
    presentation.show(history, notes=history.notes)
    return ExitStatus.SUCCESS
