"""An archive that is passed on as it is made."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

from mailconsole.common.zipped import ZipStream

AT = datetime(2030, 1, 2, 3, 4, 6, tzinfo=UTC)


def test_zip_stream__files_come_back_whole():
    archive = ZipStream(AT)
    out = b"".join(
        [*archive.add("a/one.eml", [b"Subject: x\r\n", b"\r\nbody"]), *archive.add("b.csv", []), archive.end()]
    )
    read = zipfile.ZipFile(io.BytesIO(out))
    assert read.testzip() is None and read.namelist() == ["a/one.eml", "b.csv"]
    assert read.read("a/one.eml") == b"Subject: x\r\n\r\nbody" and read.getinfo("b.csv").date_time == (
        2030,
        1,
        2,
        3,
        4,
        6,
    )


def test_zip_stream__large_file__leaves_as_it_comes():
    archive = ZipStream(AT)
    piece = bytes(range(256)) * 4096

    def pieces():
        for _ in range(8):
            yield piece

    longest = max(len(out) for out in archive.add("large", pieces()))
    assert longest < 3 * len(piece)
