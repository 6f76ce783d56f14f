"""What keeps the product from starting: a sentence that names the thing, an exit status, and nothing left half done."""

import re
import socket
import subprocess
import sys

import pytest

from tests.support.product import Product, new_product


def refusal(product: Product) -> str:
    done = product.console("up", "--detach")
    assert done.returncode in (1, 2)
    assert not product.pids()
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return said


@pytest.fixture
def product(tmp_path) -> Product:
    return new_product(tmp_path / "home")


def test_up__reader_that_has_seen_enough__is_no_failure_and_the_rest_is_read():
    shown = "from mailconsole.runtime.supervisor.said import show; show(b'%d\\n' % n for n in range(9999))"
    command = f"import sys; {shown}; print('all read', file=sys.stderr)"
    piped = ["sh", "-c", '"$0" -c "$1" | head -1', sys.executable, command]
    done = subprocess.run(piped, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("0\n", "all read\n")


def test_up__port_taken__names_the_setting_and_the_program(product):
    with socket.create_server(product.submission):
        said = refusal(product)
    assert "MAILCONSOLE_SUBMISSION: can't listen on {}:{}: the port is taken by ".format(*product.submission) in said
    assert "(pid " in said
    assert not product.home.exists()


def test_up__port_taken__keeps_a_home_that_holds_anything_else(product):
    (product.home / "run").mkdir(parents=True)
    (product.home / "notes").write_text("mine")
    with socket.create_server(product.web):
        refusal(product)
    assert (product.home / "notes").read_text() == "mine"
    assert (product.home / "secret_key").exists()


def test_up__home_below_a_file__is_named(tmp_path):
    (tmp_path / "file").write_text("")
    product = new_product(tmp_path / "file" / "home")
    assert f"MAILCONSOLE_HOME {product.home} can't be made" in refusal(product)


def test_up__redis_does_not_answer__names_the_setting(tmp_path, monkeypatch):
    product = new_product(tmp_path / "home", REDIS_URL="redis://127.0.0.1:1/0")
    assert "REDIS_URL: Redis does not answer" in refusal(product)


def test_up__database_does_not_answer__names_the_setting(tmp_path):
    product = new_product(tmp_path / "home", DATABASE_URL="postgresql://nobody:nothing@127.0.0.1:1/none")
    assert "DATABASE_URL: the console's database can't be used" in refusal(product)


def test_up__address_without_port__names_the_setting(tmp_path):
    product = new_product(tmp_path / "home", MAILCONSOLE_WEB="8000")
    assert "MAILCONSOLE_WEB is '8000'; it must be address:port" in refusal(product)


def test_up__first_start_fails_late__password_is_shown_at_the_next(product):
    product.home.mkdir()
    (product.home / "nodes").write_text("no folder")
    said = refusal(product)
    assert re.search(r"transport-\d ended while starting: .*Not a directory", said)
    assert "Password" not in said
    (product.home / "nodes").unlink()
    product.up()
    product.down()
    assert product.administrator[0]


def test_down_and_status__nothing_runs__say_so(product):
    assert "does not run" in product.console("down").stdout
    done = product.console("status")
    assert done.returncode == 3
    assert "Start it with ./console up" in done.stdout
    assert product.status()["phase"] == "stopped"
