"""How a console database of SQLite is opened."""

import sqlite3
from contextlib import closing

from django.conf import settings


def asked(connection, pragma):
    return connection.execute(f"PRAGMA {pragma}").fetchone()[0]


def test_open__new_file__has_large_pages_and_a_log(tmp_path):
    with closing(sqlite3.connect(tmp_path / "new.sqlite3")) as connection:
        connection.executescript(settings.SQLITE_PRAGMAS)
        connection.execute("CREATE TABLE one (id INTEGER)")
        assert (asked(connection, "page_size"), asked(connection, "journal_mode")) == (16384, "wal")


def test_open__file_of_an_earlier_version__stays_as_it_is(tmp_path):
    path = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA page_size=4096; PRAGMA journal_mode=WAL; CREATE TABLE one (id INTEGER)")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{settings.SQLITE_PRAGMAS} INSERT INTO one VALUES (1)")
        assert (asked(connection, "page_size"), asked(connection, "integrity_check")) == (4096, "ok")
