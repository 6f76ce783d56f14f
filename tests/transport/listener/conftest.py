"""A listener per test, on both event loops where a test asks for ``server``."""

import ssl

import pytest

from tests.support.certificates import Certificate
from tests.support.listener import LOOPS, running


@pytest.fixture(params=LOOPS)
def loop(request):
    return request.param


@pytest.fixture
def server(loop):
    with running(loop=loop) as started:
        yield started


@pytest.fixture(scope="session")
def tls_context(certificate: Certificate) -> ssl.SSLContext:
    """The server's, which asks for a client certificate and does not need one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate.ca))
    context.load_cert_chain(certificate.chain, certificate.key)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context
