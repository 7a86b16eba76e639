"""casjob list: the components of a project with their last jobs, or one with its deployments."""

from typing import NamedTuple

from casjob.component_name import ComponentName
from casjob.components import ComponentHistory, ComponentSource, Listing, select_components
from casjob.errors import ExitStatus, UsageError
from casjob.formats.presentation import Presentation
from casjob.service import open_service
from casjob.session import Session
from casjob.targets import find_component, list_components


class Selection(NamedTuple):
    """What to list.

    Args:
        component: the one whose deployments to list; None for the components themselves.
        application: only components of the application with this name.
        only_failed: only components that failed.
        limit: the most components or deployments; None for all.
    """

    component: str | None = None
    application: str | None = None
    only_failed: bool = False
    limit: int | None = None


def run(selection: Selection, session: Session, presentation: Presentation) -> ExitStatus:
    """List components, or the deployments of one.

    Args:
        selection: what to list.
        session: what the command runs with.
        presentation: how the list looks.

    Raises:
        UsageError: several components have the name.
        CasjobError: there is no such component, or the list could not be fetched.
    """
    if selection.component is not None and selection.only_failed:
        raise UsageError("--failed selects components: it can't be used with the name of one")
    with open_service(session) as service:
        if selection.component is None:
            presentation.components(_list_components(selection, service.components, session))
        else:
            named = ComponentName(selection.component, selection.application)
            history = _list_deployments(named, selection.limit, service.components, session)
            presentation.deployments(history)
    return ExitStatus.SUCCESS


def _list_components(selection: Selection, source: ComponentSource, session: Session) -> Listing:
    listing = list_components(selection.application, source, session)
    return select_components(listing, only_failed=selection.only_failed, limit=selection.limit)


def _list_deployments(
    named: ComponentName, limit: int | None, source: ComponentSource, session: Session
) -> ComponentHistory:
    component = find_component(named, source, session)
    with session.notices.progress("listing deployments", "deployments") as progress:
        history = source.fetch_history(component, on_progress=progress.count)
    if history.deployments is None:
        return history
    return history._replace(deployments=history.deployments[:limit])
