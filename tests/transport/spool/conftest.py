"""How the spool's journal is made to turn and to sync."""

import pytest

from transport.spool.frames import PAGE


@pytest.fixture(params=["kernel", "thread"])
def who_syncs(request, monkeypatch):
    """The kernel, told by the loop; or the spool's thread, as where the kernel does not do it that way."""
    if request.param == "thread":
        monkeypatch.setattr("transport.spool.writer.open_kernel_sync", lambda loop: None)


@pytest.fixture
def small_segments(monkeypatch):
    monkeypatch.setattr("transport.spool.journal.SEGMENT_BYTES", 10 * PAGE)
