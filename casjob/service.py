"""Opens the service that the settings name, or the demo in its place."""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeAlias, assert_never

import casjob.api.v2
import casjob.api.v3
from casjob.api.auth import AccessKeyAuth, Auth, LoginAuth, TokenAuth
from casjob.api.client import ServiceStage, Version
from casjob.api.endpoint import Wire
from casjob.api.iam import LoginTokens, find_project_id
from casjob.api.pace import Pace
from casjob.api.retry import RetryPolicy
from casjob.credentials import AccessKey, Credential, Login, Token, account_of, secrets_of
from casjob.demo.jobs import FAILED_JOB_ID, PROJECT_ID, SAMPLE_JOBS
from casjob.demo.service import ENDPOINT, SampleService
from casjob.errors import JobNotFoundError, SettingsError
from casjob.job.models import JobDetail
from casjob.job.source import Window
from casjob.session import Session
from casjob.settings import ApiVersion
from casjob.settings.credentials import find_credential, read_credential
from casjob.settings.resolve import GETTING_GOING, Settings

Authenticate: TypeAlias = Callable[[str | None], Auth]
"""Makes what authenticates requests about a project, or about none."""


@contextmanager
def open_service(session: Session, *, pace: Pace | None = None) -> Iterator[ServiceStage]:
    """Open the service.

    Args:
        session: the notices, and all else.
        pace: for who asks again and again, and so does without retries.

    Raises:
        CasjobError: a setting is missing or wrong, or IAM was asked and refused.
    """
    settings = session.settings
    version = _choose_version(settings.api_version)
    with ExitStack() as stack:
        if session.demo:
            connect = Connector(session, settings, stack, secrets=())
            wire = connect(ENDPOINT, SampleService(), pace=pace)
            yield _Demo(wire, auth=None, version=version, project_id=PROJECT_ID, place="the demo")
            return
        endpoint, place = settings.endpoint, settings.place
        credential = _read_credential(session, settings)
        if settings.project_id is None and settings.region is None:
            raise SettingsError(
                "neither a project id nor a region is set, by which to look one up",
                hint="set CASJOB_PROJECT_ID, or CASJOB_REGION",
            )
        connect = Connector(session, settings, stack, secrets=secrets_of(credential))
        authenticate = _choose_authentication(credential, session, settings, connect)
        project_id = settings.project_id or _look_up_project(
            settings.region or "",
            account_of(credential),
            session,
            settings,
            connect,
            authenticate,
        )
        yield ServiceStage(
            connect(endpoint, pace=pace),
            auth=authenticate(project_id),
            version=version,
            project_id=project_id,
            place=place,
        )


class _Demo(ServiceStage):
    """The sample service, which knows what there is to look at."""

    default_job_id = FAILED_JOB_ID

    def fetch_job(
        self,
        job_id: str,
        window: Window,
        *,
        on_progress: Callable[[int, int | None], None],
        kept: dict[tuple[int, int], JobDetail] | None = None,
    ) -> JobDetail:
        """Fetch a sample job, as the service fetches a real one."""
        try:
            return super().fetch_job(job_id, window, on_progress=on_progress, kept=kept)
        except JobNotFoundError as error:
            error.hint = f"the demo has {', '.join(SAMPLE_JOBS)}"
            raise


class Connector:
    """Opens wires that all behave alike, one an endpoint, and closes them with the stack."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        stack: ExitStack,
        *,
        secrets: Collection[str],
    ) -> None:
        self._say = session.notices.say
        self._log = session.notices.say if session.verbose else None
        self._settings = settings
        self._stack = stack
        self._secrets = secrets
        self._wires: dict[tuple[str, Pace | None], Wire] = {}

    def __call__(
        self, endpoint: str, transport: SampleService | None = None, *, pace: Pace | None = None
    ) -> Wire:
        """Return the wire to an endpoint, open.

        Args:
            endpoint: where it leads.
            transport: stands in for the network.
            pace: for who asks again and again, and so does without retries.

        Raises:
            SettingsError: the certificates or a proxy in the environment can't be used.
        """
        if (endpoint, pace) not in self._wires:
            wire = Wire(
                endpoint,
                timeout=self._settings.request_timeout,
                retry=RetryPolicy(tries=0 if pace else self._settings.retries),
                pace=pace.wait if pace else None,
                tell=self._say,
                log=self._log,
                secrets=self._secrets,
                ca_bundle=self._settings.ca_bundle,
                transport=transport,
            )
            self._stack.callback(wire.close)
            self._wires[endpoint, pace] = wire
        return self._wires[endpoint, pace]


def _read_credential(session: Session, settings: Settings) -> Credential:
    found, halves = find_credential(settings.sources)
    if found is None:
        raise SettingsError("; ".join(["no credentials are set", *halves]), hint=GETTING_GOING)
    for half in halves:
        session.notices.say(f"warning: {half}; {found.source.name} is used")
    return read_credential(found, session.environ)


def _choose_authentication(
    credential: Credential, session: Session, settings: Settings, connect: Connector
) -> Authenticate:
    match credential:
        case Token():
            return lambda _project_id: TokenAuth(credential.token)
        case AccessKey():
            return lambda project_id: AccessKeyAuth(credential, project_id=project_id)
        case Login():
            tokens = LoginTokens(
                connect(settings.iam_endpoint),
                credential,
                region=settings.region,
                project_id=settings.project_id,
                cache=session.cache,
            )
            # Now, so that a wrong password is told as such, and is no failed request's retry.
            tokens.current()
            return lambda _project_id: LoginAuth(tokens)
        case _:
            assert_never(credential)


def _look_up_project(
    region: str,
    account: str,
    session: Session,
    settings: Settings,
    connect: Connector,
    authenticate: Authenticate,
) -> str:
    """Return the project of the region: asked of IAM once, and remembered."""
    cache, iam = session.cache, settings.iam_endpoint
    about = (iam, region, account)
    known = cache.get("project", *about).get("project_id")
    if known:
        return known
    project_id = find_project_id(connect(iam), region, authenticate(None))
    cache.put("project", *about, project_id=project_id)
    return project_id


def _choose_version(version: ApiVersion) -> Version:
    match version:
        case ApiVersion.V2:
            return casjob.api.v2
        case ApiVersion.V3:
            return casjob.api.v3
        case _:
            assert_never(version)
