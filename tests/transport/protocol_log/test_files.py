"""Files of a protocol log: begun by hour and size, removed by age and size, found again by id."""

import asyncio
import os
import threading

import pytest

from transport.protocol_log import files as module
from transport.protocol_log.files import Bounds, Found, LogFiles
from transport.protocol_log.log import ProtocolLogs, SearchBusy
from transport.protocol_log.rows import Row, decode, encode

NOON = 1_800_000_000.0
HOUR = 3600


def line(session="S1", number=0, data="EHLO x", context="", mark="<", connector="Default"):
    return encode(Row("t", connector, session, str(number), "l", "r", mark, data, context))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_write__begins_a_file_each_hour_and_beyond_the_size(tmp_path):
    files = LogFiles(tmp_path, "RECV", "SMTP Receive Protocol Log")
    for now in (NOON, NOON, NOON + HOUR):
        files.write([line()] * 5, now=now, bounds=Bounds(max_age_s=1e12, max_file_bytes=400))
    assert names(tmp_path) == ["RECV2027011508-1.LOG", "RECV2027011508-2.LOG", "RECV2027011509-1.LOG"]
    text = (tmp_path / "RECV2027011508-1.LOG").read_text()
    assert text.startswith(
        "#Software: Mailconsole\n#Version: 1\n#Log-type: SMTP Receive Protocol Log\n#Date: 2027-01-15T"
    )
    assert oct((tmp_path / "RECV2027011508-1.LOG").stat().st_mode & 0o777) == "0o600"


def test_write__after_a_restart__goes_on_in_a_file_of_its_own(tmp_path):
    for _ in range(2):
        LogFiles(tmp_path, "RECV", "x").write([line()], now=NOON, bounds=Bounds(max_age_s=1e12))
    assert names(tmp_path) == ["RECV2027011508-1.LOG", "RECV2027011508-2.LOG"]


def test_write__old_files_and_those_beyond_the_size_in_all__are_removed(tmp_path):
    files = LogFiles(tmp_path, "RECV", "x")
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    for hour in range(6):
        bounds = Bounds(max_age_s=1e12, max_directory_bytes=1300, max_file_bytes=300)
        files.write([line()] * 3, now=NOON + hour * HOUR, bounds=bounds)
    assert 2 <= len(names(tmp_path)) - 1 < 6 and other.exists()
    for path in tmp_path.glob("RECV*"):
        os.utime(path, (NOON, NOON))
    files.write([line()], now=NOON + 100 * HOUR, bounds=Bounds(max_age_s=50 * HOUR))
    assert len(list(tmp_path.glob("RECV*"))) == 1


def test_find__gives_whole_sessions_by_session_or_queue_id(tmp_path):
    files = LogFiles(tmp_path, "RECV", "x")
    said = [
        line("S1", 1, "250 2.6.0 0ABC Queued mail for delivery", mark=">"),
        line("S2", 0, "MAIL FROM:<0ABC@x>"),
        line("S1", 0),
        line("S3", 0, "sending message", "0ABC"),
    ]
    files.write(said, now=NOON, bounds=Bounds())
    found = [(row.session_id, row.sequence_number) for row in files.find("0ABC", since=NOON, until=NOON).rows]
    assert found == [("S1", "0"), ("S1", "1"), ("S3", "0")]
    assert [row.session_id for row in files.find("S2", since=NOON, until=NOON).rows] == ["S2"]
    assert files.find("S2", since=NOON + HOUR, until=NOON + 2 * HOUR) == Found()


@pytest.mark.parametrize(("data", "mark"), [
    ("EHLO 0ABC ", "<"), ("NOOP x 0ABC x", "<"), ("250 2.6.0 0ABC Queued mail for delivery", "<"),
    ("250 x 0ABC greets you", ">"), ("a 0ABC b is refused", "*"),
])  # fmt: skip
def test_find__what_the_peer_says__leads_to_no_message(tmp_path, data, mark):
    files = LogFiles(tmp_path, "RECV", "x")
    files.write([line("S9", 0, data, mark=mark)], now=NOON, bounds=Bounds())
    assert files.find("0ABC", since=NOON, until=NOON) == Found()


def test_find__parses_only_lines_that_have_the_id(tmp_path, monkeypatch):
    files = LogFiles(tmp_path, "RECV", "x")
    others = [line(f"T{number}", connector="Default") for number in range(500)]
    files.write([*others, line("S1", connector='In, "two"'), line("S2")], now=NOON, bounds=Bounds())
    parsed: list[str] = []

    def noted(text):
        parsed.append(text)
        return decode(text)

    monkeypatch.setattr(module, "decode", noted)
    assert [row.session_id for row in files.find("S2", since=NOON, until=NOON).rows] == ["S2"]
    assert len(parsed) <= 3
    assert [row.session_id for row in files.find("S1", since=NOON, until=NOON).rows] == ["S1"]


@pytest.mark.parametrize(("limit", "value", "count"), [("READING_S", 0.0, 0), ("MAX_FOUND", 3, 3)])
def test_find__at_its_time_or_number__ends_and_says_so(tmp_path, monkeypatch, limit, value, count):
    files = LogFiles(tmp_path, "RECV", "x")
    files.write([line("S1", number) for number in range(9)], now=NOON, bounds=Bounds())
    assert not files.find("S1", since=NOON, until=NOON).is_cut
    monkeypatch.setattr(module, limit, value)
    found = files.find("S1", since=NOON, until=NOON)
    assert (len(found.rows), found.is_cut) == (count, True)


async def test_search__one_at_a_time__also_when_nobody_waits_for_it_any_more(tmp_path, monkeypatch):
    logs, go_on = ProtocolLogs(tmp_path, lambda: NOON), threading.Event()
    monkeypatch.setattr(logs.receive, "find", lambda *_, **__: go_on.wait(5) and Found())
    first = asyncio.create_task(logs.find("S1", since=NOON, until=NOON))
    await asyncio.sleep(0.05)
    with pytest.raises(SearchBusy, match="try again"):
        await logs.find("S2", since=NOON, until=NOON)
    first.cancel()
    await asyncio.sleep(0.05)
    with pytest.raises(SearchBusy):
        await logs.find("S2", since=NOON, until=NOON)
    go_on.set()
    await asyncio.sleep(0.1)
    assert await logs.find("S2", since=NOON, until=NOON) == Found()
    logs.close()
