"""What a store says of a batch that it could not write whole."""

from __future__ import annotations

import os
from copy import deepcopy
from errno import ENOSPC

import pytest

from tests.transport.spool.test_sqlite_spool import make_message, opened
from transport.spool import rows
from transport.spool.batch import Batch
from transport.spool.store import NotWritten


async def test_write__journal_fails_after_the_database__says_what_is_left_and_leaves_the_batch_as_it_was(
    tmp_path, monkeypatch
):
    spool, _ = await opened(tmp_path)
    stored, new = make_message(spool), make_message(spool)
    await spool.commit(stored, [])
    batch = Batch(
        messages=[(new.id, rows.encode_message(new), b"x")],
        states=[(stored.id, 0, rows.encode_recipient(stored.recipients[0]))],
        events=[b"{}"],
    )
    given = deepcopy(batch)

    def refuse(*_):
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    with monkeypatch.context() as full:
        full.setattr("os.pwritev", refuse)
        with pytest.raises(NotWritten) as raised:
            spool._store.write(batch)
    assert batch == given
    assert isinstance(raised.value.__cause__, OSError)
    left = raised.value.left
    assert (left.messages, left.states, left.events) == (given.messages, [], [])
    await spool.stop()
