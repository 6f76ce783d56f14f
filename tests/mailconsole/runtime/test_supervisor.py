"""The supervisor with real processes: what it says, what it restarts, what it leaves behind when it ends."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

from tests.support.product import ROOT, Product, new_product
from tests.support.smtp import SmtpClient

PARTS = ["supervisor", "valkey", "transport-1", "transport-2", "web", "control", "beat"]


def part(product: Product, name: str) -> dict:
    return next(row for row in product.status()["parts"] if row["name"] == name)


def wait_for_health(product: Product, is_so: Callable[[], bool] = lambda: True, *, timeout_s: float = 40) -> None:
    end = time.monotonic() + timeout_s
    while not (is_so() and product.console("status").returncode == 0):
        assert time.monotonic() < end, f"{product.console('status').stdout}\n{product.logs()}"
        time.sleep(0.2)


def greets(product: Product) -> bool:
    with SmtpClient(*product.smtp) as client:
        return client.expect_reply().code == 220


def test_status__running__names_addresses_pids_revision_and_health(product: Product):
    wait_for_health(product)
    status = product.status()
    assert status["is_healthy"]
    assert status["addresses"]["smtp"] == "{}:{}".format(*product.smtp)
    assert {row["name"] for row in status["parts"]} >= set(PARTS) - {"transport-2"}
    assert all(row["is_healthy"] and row["pid"] in product.pids().values() for row in status["parts"])
    assert status["revision"] == 1
    assert {row["revision"] for row in status["nodes"]} == {1}


def test_up__first_password__is_shown_once_and_logged_nowhere(product: Product):
    name, password = product.administrator
    assert name
    assert len(password) >= 16
    assert password not in product.logs()
    kept = [path for path in product.home.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert not kept


def test_up__already_running__says_so_and_disturbs_nothing(product: Product):
    before = product.pids()
    done = product.console("up", "--detach")
    assert done.returncode == 1
    assert f"Mailconsole already runs in {product.home}" in done.stdout + done.stderr
    assert product.pids() == before


def test_kill_9__web__is_started_again_and_status_counts_it(product: Product):
    killed = product.pid_of("web")
    product.kill("web")
    wait_for_health(product, lambda: part(product, "web")["pid"] not in (None, killed))
    assert part(product, "web")["restarts"] == 1
    assert "web ended (killed by SIGKILL); it is started again" in product.logs()


def test_kill_9__valkey__mail_goes_on_and_everything_finds_it_again(product: Product):
    nodes = {name: product.pid_of(name) for name in ("transport-1", "control", "beat")}
    product.kill("valkey")
    assert greets(product)
    wait_for_health(product, lambda: bool(part(product, "valkey")["pid"]))
    assert {name: product.pid_of(name) for name in nodes} == nodes


def test_kill_9__supervisor__its_parts_end_and_the_next_up_works(product: Product):
    before = set(product.pids().values())
    product.kill("supervisor")
    assert product.console("status").returncode == 3
    product.up()
    assert not before & set(product.pids().values())
    wait_for_health(product)


def test_up__ctrl_c__drains_and_leaves_no_process(tmp_path):
    product = new_product(tmp_path / "home", MAILCONSOLE_TRANSPORT_WORKERS="1")
    output = tmp_path / "output"
    with output.open("wb") as file:
        console = subprocess.Popen([ROOT / "console", "up"], env=product.environment, stdout=file, stderr=file)
    try:
        end = time.monotonic() + 60
        while "Ctrl-C" not in output.read_text():
            assert console.poll() is None and time.monotonic() < end, output.read_text() + product.logs()
            time.sleep(0.1)
        console.send_signal(signal.SIGINT)
        assert console.wait(timeout=40) == 0
    finally:
        left = product.pids()
        for pid in left.values():
            os.kill(pid, signal.SIGKILL)
    assert not left
    assert output.read_text().rstrip().endswith("Stopped.")
    assert "was ended" not in output.read_text()
    assert "Traceback" not in output.read_text() + product.logs()


def test_up__stopped_while_starting__leaves_no_process(tmp_path):
    product = new_product(tmp_path / "home", MAILCONSOLE_TRANSPORT_WORKERS="1")
    console = subprocess.Popen(
        [ROOT / "console", "up"], env=product.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert console.stdout is not None
    while "Starting web" not in (line := console.stdout.readline()):
        assert line
    console.terminate()
    said = console.communicate(timeout=60)[0]
    assert console.returncode == 1
    assert "Interrupted." in said
    assert not product.pids()
