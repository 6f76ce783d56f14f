import stat
import threading

import pytest

from mailconsole.environment import (
    SETTINGS,
    EnvironmentRefused,
    HostPort,
    ensure_home,
    read_environment,
    read_or_make_key,
)


def test_read__nothing_set__has_the_defaults_of_the_table():
    environment = read_environment({})
    assert environment.web == HostPort("127.0.0.1", 8000)
    assert str(environment.smtp) == "127.0.0.1:2525"
    assert str(environment.submission) == "127.0.0.1:2587"
    assert environment.home.name == "var"
    assert environment.database_url == environment.redis_url == ""


def test_read__ipv6__keeps_its_brackets():
    environment = read_environment({"MAILCONSOLE_WEB": "[::1]:8000"})
    assert environment.web == HostPort("::1", 8000)
    assert str(environment.web) == "[::1]:8000"
    assert "[::1]" in environment.allowed_hosts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAILCONSOLE_WEB", "8000"),
        ("MAILCONSOLE_SMTP", "127.0.0.1:smtp"),
        ("MAILCONSOLE_SUBMISSION", "127.0.0.1:70000"),
        ("MAILCONSOLE_TRANSPORT_WORKERS", "-1"),
        ("MAILCONSOLE_HTTPS", "perhaps"),
        ("MAILCONSOLE_LOG_LEVEL", "LOUD"),
    ],
)
def test_read__a_value_that_cannot_be__names_the_setting(name, value):
    with pytest.raises(EnvironmentRefused, match=name):
        read_environment({name: value})


def test_table__every_setting__has_a_meaning_that_is_a_sentence():
    assert all(setting.meaning.endswith(".") and setting.default for setting in SETTINGS)


def test_home__below_a_file__refuses_and_names_it(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentRefused, match="MAILCONSOLE_HOME"):
        ensure_home(tmp_path / "file" / "home")


def test_key__made_by_many_at_once__is_one_and_private(tmp_path):
    keys = []
    threads = [threading.Thread(target=lambda: keys.append(read_or_make_key(tmp_path / "key"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_key__empty_file__refuses(tmp_path):
    (tmp_path / "key").touch()
    with pytest.raises(EnvironmentRefused, match="empty"):
        read_or_make_key(tmp_path / "key")
