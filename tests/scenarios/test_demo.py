"""The demo of a running product: it sends what it was told and leaves nothing behind."""

from tests.support.product import Product, new_product


def test_demo__product_down__says_so(tmp_path):
    done = new_product(tmp_path / "home").console("demo")
    assert done.returncode == 1
    assert "Mailconsole does not run. Start it with ./console up" in done.stderr


def test_demo__run_and_removed__sends_what_it_was_told_and_leaves_the_configuration_as_it_was(product: Product):
    before = product.console("config", "export").stdout
    done = product.console("demo", "--messages", "25", "--per-second", "50")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Sending 25 messages" in done.stdout
    assert "times 250" in done.stdout
    assert "demo-sink" in product.console("config", "export").stdout
    assert product.console("demo", "--remove").returncode == 0
    assert product.console("config", "export").stdout == before
    assert "There is no demo" in product.console("demo", "--remove").stdout


def test_demo__too_many_messages__is_refused(product: Product):
    done = product.console("demo", "--messages", "1000000")
    assert done.returncode == 1
    assert "--messages is 1 to 20000" in done.stderr
