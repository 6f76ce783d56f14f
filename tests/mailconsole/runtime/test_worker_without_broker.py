"""The Celery worker that hosts a transport, while its broker is away or frozen: SMTP waits for nobody (law 3)."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailconsole.runtime.supervisor import valkey
from mailconsole.runtime.supervisor.plan import worker
from tests.support.pace import at_pace
from tests.support.product import ROOT, Product, new_product
from tests.support.smtp import SmtpClient

AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture
def product(tmp_path) -> Product:
    product = new_product(tmp_path / "home", REDIS_URL=AWAY)
    subprocess.run([sys.executable, "manage.py", "prepare"], env=product.environment, cwd=ROOT, check=True)
    return product


@contextmanager
def transport_worker(product: Product, redis_url: str) -> Iterator[subprocess.Popen[bytes]]:
    command = worker("transport-1", "transport-1", "--transport", "transport-1")
    log = product.home / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=product.environment | {"REDIS_URL": redis_url}, cwd=ROOT, stdout=output, stderr=output
        )
    try:
        wait_for_greeting(product, log)
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def broker(product: Product) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The embedded one, started by hand so that it can be stopped by hand."""
    embedded = valkey.prepare(product.home)
    process = subprocess.Popen(embedded.command, stdout=subprocess.DEVNULL)
    try:
        yield process, embedded.url
    finally:
        process.kill()
        process.wait()


def wait_for_greeting(product: Product, log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            return answer(product)
        except OSError:
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)


def answer(product: Product) -> None:
    """A whole conversation, at once."""
    with SmtpClient(*product.smtp, timeout_s=at_pace(2)) as client:
        assert client.expect_reply().code == 220
        assert client.command("EHLO client.example").code == 250
        assert client.command("MAIL FROM:<a@x.example>").code == 250


def test_worker__started_without_a_broker__takes_mail_and_ends_when_told(product):
    with transport_worker(product, AWAY) as process:
        time.sleep(2)
        answer(product)
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_worker__broker_freezes__takes_mail(product):
    with broker(product) as (frozen, url), transport_worker(product, url) as process:
        frozen.send_signal(signal.SIGSTOP)
        time.sleep(2)
        answer(product)
        assert process.poll() is None


@pytest.mark.parametrize("pool", ["prefork", "solo"])
def test_worker__another_pool__refuses_to_listen(product, pool):
    """hostile.md, a listener in a prefork pool: a replaced child would inherit the socket, and clients hang."""
    command = [pool if word == "threads" else word for word in worker("t", "t", "--transport", "transport-1")]
    process = subprocess.run(
        command, env=product.environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode != 0
    assert f"the transport needs --pool threads, not {pool}" in process.stdout + process.stderr
    with pytest.raises(ConnectionRefusedError):
        answer(product)
