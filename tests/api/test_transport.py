from collections.abc import Iterator

import httpx
import pytest

from casjob.api.exchange import exchange
from casjob.api.tls import create_tls_context
from casjob.api.transport import Transport
from tests.service import Reply, Service

DELAY = 0.1
LONG = DELAY / 2
"""A client that is late to wait for a response waits less."""


@pytest.fixture
def transport(service: Service) -> Iterator[Transport]:
    transport = Transport(create_tls_context(service.url, None))
    yield transport
    transport.close()


def ask(service: Service, transport: Transport, *replies: Reply) -> float:
    service.script = [*replies]
    for _ in replies:
        exchange(transport, httpx.Request("GET", service.url), timeout=5, peer="the service")
    return transport.latency


def test_latency_is_unknown_before_the_first_response(transport: Transport) -> None:
    assert transport.latency == 0


def test_latency_is_how_long_a_response_is_waited_for(
    service: Service, transport: Transport
) -> None:
    assert LONG <= ask(service, transport, Reply(delay=DELAY)) < 2


def test_latency_counts_a_body_that_comes_later_than_the_headers(
    service: Service, transport: Transport
) -> None:
    assert ask(service, transport, Reply(body=b" " * 11, drip=DELAY / 10)) >= LONG


def test_latency_is_not_that_of_one_response_that_differs(
    service: Service, transport: Transport
) -> None:
    soon, late = Reply(), Reply(delay=DELAY)

    assert ask(service, transport, late, soon, late) >= LONG
    assert ask(service, transport, soon, soon, soon) < LONG


def test_latency_follows_a_service_that_becomes_slower(
    service: Service, transport: Transport
) -> None:
    ask(service, transport, *[Reply()] * 20)

    assert ask(service, transport, *[Reply(delay=DELAY)] * 5) >= LONG
