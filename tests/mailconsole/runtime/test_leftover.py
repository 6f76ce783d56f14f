"""A node that nobody asks for any more is started for what its spool still holds."""

import asyncio

from mailconsole.runtime.supervisor.leftover import leftover_nodes
from tests.transport.spool.test_sqlite_spool import make_message, opened


def test_leftover__spool_of_a_node_that_died__counts_what_is_in_its_journal(tmp_path):
    async def live():
        for name in ("empty", "stopped", "died"):
            spool, _ = await opened(tmp_path / "nodes" / name)
            if name != "empty":
                await spool.commit(make_message(spool), [])
            if name != "died":
                await spool.stop()

    asyncio.run(live())
    assert leftover_nodes(tmp_path, []) == ["died", "stopped"]
    assert leftover_nodes(tmp_path, ["died"]) == ["stopped"]
