"""Opens the service that the settings name, or the demo in its place."""

import importlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from casjob import process
from casjob.api.auth import AccessKey, Credential, Renewed, Token
from casjob.api.client import Client
from casjob.api.jobs import ServiceStage, Versions
from casjob.api.pace import RetryPolicy
from casjob.api.redact import Redactor
from casjob.background import NEVER, Deadline
from casjob.errors import SettingsError
from casjob.job.detail import SHORTEST_PREFIX
from casjob.session import Session
from casjob.settings import ApiVersion
from casjob.settings.regions import KNOWN_REGIONS, suggest_region
from casjob.settings.resolve import CREDENTIAL_STEPS, FROM_REGION, Settings
from casjob.settings.sources import CredentialSource, find_credential, read_credential
from casjob.settings.values import SECRETS, Setting

if TYPE_CHECKING:
    from casjob.demo.service import SampleService


FOR_REPLIES = ("casjob.job.models",)
FOR_SCREENS = ("rich.console", "rich.table")
"""What is imported while the first request is under way; pydantic takes 80 ms, Rich 25."""


@contextmanager
def open_service(
    session: Session,
    *,
    pace: Callable[[], None] = lambda: None,
    retries: int | None = None,
    deadline: Deadline = NEVER,
) -> Iterator[ServiceStage]:
    """Open the service, or the demo, before a deadline.

    A pace may wait before each request; `retries` overrides the setting.

    Raises:
        TimedOutError: a program that prints the credential, or IAM, took too long.
        CasjobError: a setting is missing or wrong, or IAM refused.
    """
    # Read first, so that nothing is sent if it is wrong.
    _ = session.settings.api_version.value
    with ExitStack() as stack:
        clients = Clients(session, stack)
        open_client = partial(clients.open, pace=pace, retries=retries)
        if session.demo:
            yield _open_demo(session, open_client)
        else:
            yield _open_project(session, clients, open_client, deadline)


def _open_demo(session: Session, open_client: Callable[..., Client]) -> ServiceStage:
    from casjob.demo.jobs import PROJECT_ID, SAMPLE_JOBS
    from casjob.demo.service import ENDPOINT, SampleService

    versions, component_versions = _choose_versions(session, ENDPOINT)
    usual = f"the demo has {', '.join(SAMPLE_JOBS)}"
    return ServiceStage(
        open_client(ENDPOINT, "the demo", project_id=PROJECT_ID, transport=SampleService()),
        versions=versions,
        component_versions=component_versions,
        location="the demo",
        explain_not_found=partial(_explain_not_found, session, "the demo", usual),
        sample_job_ids=tuple(SAMPLE_JOBS),
    )


def _open_project(
    session: Session,
    clients: "Clients",
    open_client: Callable[..., Client],
    deadline: Deadline,
) -> ServiceStage:
    settings = session.settings
    url, location = settings.endpoint.value, settings.location
    region, project_id = settings.region.value, settings.project_id.value
    found = _find_credential(session, settings)
    if project_id is None and region is None:
        raise SettingsError(
            "neither a project id nor a region is set",
            hint="set CASJOB_PROJECT_ID, or CASJOB_REGION",
        )
    credential = _open_credential(found, session, clients, deadline)
    if project_id is None:
        from casjob.api.iam import find_project_id

        iam, name = clients.open_iam(), region or ""
        find = partial(find_project_id, iam, name, credential, session.cache)
        project_id = deadline.wait_for(iam.name, find)
    versions, component_versions = _choose_versions(session, url)
    usual = _describe_project(settings, project_id)
    return ServiceStage(
        open_client(url, f"the service at {location}", project_id=project_id, auth=credential),
        versions=versions,
        component_versions=component_versions,
        location=location,
        region=region,
        explain_not_found=partial(_explain_not_found, session, location, usual),
    )


def _choose_versions(session: Session, endpoint: str) -> tuple[Versions, Versions]:
    """Return the versions of the API for jobs, and for components.

    v3 has one list of all components, and their history; v2 has neither.
    """
    pinned = session.settings.api_version.value
    if pinned is not ApiVersion.AUTO:
        return Versions(pinned), Versions(pinned)

    def prefer(*order: str, api: str) -> Versions:
        if session.found_version(endpoint, api=api) == order[-1]:
            order = order[::-1]
        return Versions(*order, remember=partial(session.remember_version, endpoint, api=api))

    return prefer("v2", "v3", api="jobs"), prefer("v3", "v2", api="components")


class Clients:
    """Opens clients with the same settings, which mask the run's secrets; the stack closes them."""

    def __init__(self, session: Session, stack: ExitStack) -> None:
        self._notify = session.notices.say
        self._log = session.notices.say if session.verbose else None
        self._load = partial(load_for_replies, session)
        self._settings = session.settings
        self._stack = stack
        self._redactor = Redactor()
        self._iam: Client | None = None
        self.mask = self._redactor.add

    def open(
        self,
        url: str,
        name: str,
        *,
        project_id: str = "",
        auth: Credential | None = None,
        pace: Callable[[], None] = lambda: None,
        retries: int | None = None,
        transport: "SampleService | None" = None,
    ) -> Client:
        """Return a client of an endpoint that errors name so; the transport is for the demo.

        Raises:
            SettingsError: the certificates or a proxy in the environment can't be used.
        """
        origin = _find_origin(url, self._settings)
        client = Client(
            url,
            name=name,
            origin=origin,
            name_hint=origin and _explain_name(url, self._settings.region, origin),
            project_id=project_id,
            auth=auth,
            timeout=self._settings.request_timeout.value,
            retry=RetryPolicy(
                self._settings.retries.value if retries is None else retries, pace=pace
            ),
            notify=self._notify,
            redactor=self._redactor,
            log=self._log,
            ca_bundle=self._settings.ca_bundle.value,
            while_waiting=self._load,
            transport=transport,
        )
        self._stack.callback(client.close)
        return client

    def open_iam(self) -> Client:
        """Return a client of IAM, the same one each time."""
        if self._iam is None:
            url = self._settings.iam_endpoint.value
            self._iam = self.open(url, f"IAM at {urlsplit(url).netloc}")
        return self._iam


def load_for_replies(session: Session) -> None:
    """Import what replies need: while one is on its way, or before polls run side by side.

    An exception that a signal raises inside an import prints a traceback of the import system, or
    leaves one of its locks held; signals come to the main thread alone.
    """
    is_main = threading.current_thread() is threading.main_thread()
    with process.exiting_at_once() if is_main else nullcontext():
        screens = FOR_SCREENS * session.output.is_terminal
        for name in (*FOR_REPLIES, *session.for_replies, *screens):
            importlib.import_module(name)


def _find_credential(session: Session, settings: Settings) -> CredentialSource:
    found, incomplete_credentials = find_credential(settings.sources)
    if found is None:
        raise SettingsError(
            "; ".join(["no credentials are set", *incomplete_credentials]),
            hint=settings.profile_hint,
            steps=CREDENTIAL_STEPS,
        )
    for each in incomplete_credentials:
        session.notices.say(f"warning: {each}; using {found.source.name}")
    return found


def _open_credential(
    found: CredentialSource, session: Session, clients: Clients, deadline: Deadline
) -> Credential:
    """Return the credential; one that expires is read again before it does."""

    def read() -> tuple[Credential, datetime | None]:
        try:
            # The program is ended at the deadline, not abandoned: it may be prompting the user.
            texts, expires, warning = read_credential(
                found, session.environ, session.notices.say, timeout=deadline.left
            )
        except SettingsError:
            deadline.check(found.origin)
            raise
        clients.mask(*(text for name, text in texts.items() if name in SECRETS))
        if warning:
            session.notices.say(f"warning: {warning}")
        return _make_credential(texts, found.origin, session, clients, deadline), expires

    credential, expires = read()
    return Renewed(credential, expires, read) if expires else credential


def _make_credential(
    texts: Mapping[str, str],
    origin: str,
    session: Session,
    clients: Clients,
    deadline: Deadline,
) -> Credential:
    """Return the credential; one with a password is logged in first."""
    match texts:
        case {"token": token}:
            return Token(token, origin=origin)
        case {"user_name": user_name, "password": password, "domain_name": domain_name}:
            from casjob.api.iam import Login

            iam = clients.open_iam()
            login = Login(
                user_name,
                password,
                domain_name,
                origin=origin,
                iam=iam,
                region=session.settings.region.value,
                project_id=session.settings.project_id.value,
                cache=session.cache,
            )
            deadline.wait_for(iam.name, login.get_token)
            return login
        case _:
            return AccessKey(
                texts["access_key"],
                texts["secret_key"],
                texts.get("security_token"),
                origin=origin,
            )


def _explain_not_found(session: Session, location: str, usual: str, job_id: str) -> str:
    """Return the hint for a job, or the beginning of its id, that is not found in a location."""
    for job in session.recent_jobs():
        is_prefix = len(job_id) >= SHORTEST_PREFIX and job.job_id.startswith(job_id)
        is_elsewhere = job.location not in {None, location}
        if is_elsewhere and (is_prefix or job.job_id == job_id):
            return f"{job.job_id} was last viewed in {job.location}; {usual}"
    return usual


def _describe_project(settings: Settings, project_id: str) -> str:
    """Return where project, region and endpoint are from."""
    project, region, endpoint = settings.project_id, settings.region, settings.endpoint
    origin = project.origin if project.value else "IAM, by the region"
    parts = [f"project {project_id} is from {origin}"]
    if region.value:
        parts.append(f"region {region.value} from {region.origin}")
    if endpoint.origin != FROM_REGION:
        parts.append(f"the endpoint from {endpoint.origin}")
    return f"{', '.join(parts)}; a wrong one is the usual cause"


def _find_origin(url: str, settings: Settings) -> str | None:
    """Return where an address is from, as a hint says it."""
    addresses = {"endpoint": settings.endpoint, "IAM endpoint": settings.iam_endpoint}
    for name, address in addresses.items():
        if address.parsed == url and address.origin != FROM_REGION:
            return f"the {name} is from {address.origin}"
        if address.parsed == url:
            return f"region {settings.region.value} is from {settings.region.origin}"
    return None


def _explain_name(url: str, region: Setting[str | None], origin: str) -> str:
    """Return what to check if the host is unknown: the region in its name, or all of it."""
    name = region.value
    is_unknown = name and name not in KNOWN_REGIONS and f".{name}." in url
    if name and is_unknown and (suggestion := suggest_region(name)):
        return f"region {name} is from {region.origin}; {suggestion}"
    return f"is it spelled right? {origin}"
