"""The files of tests/dialogues/listener, on both event loops."""

import pytest

from tests.support.dialogue import dialogue, dialogue_files
from tests.support.listener import LOOPS, connector, mail_flow, running


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("path", dialogue_files("listener"), ids=lambda path: path.stem)
def test_dialogue(path, loop):
    limit = 5 if path.stem == "unknown" else 0
    with running(mail_flow(connector(max_protocol_errors=limit)), loop=loop) as server:
        dialogue(path, *server.address())
