"""The files of tests/dialogues/listener, on both event loops.

A line ``# with: {...}`` gives settings of the receive connector; a step ``tls`` gives the listener a certificate.
"""

import json
import re

import pytest

from tests.support.dialogue import dialogue, dialogue_files
from tests.support.listener import LOOPS, connector, mail_flow, running


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("path", dialogue_files("listener"), ids=lambda path: path.stem)
def test_dialogue(path, loop, tls_context):
    text = path.read_text()
    said = re.search(r"(?m)^# with: (\{.*\})$", text)
    fields = {"max_protocol_errors": 0} | (json.loads(said[1]) if said else {})
    has_tls = re.search(r"(?m)^tls$", text) is not None
    flow = mail_flow(connector(**fields))
    with running(flow, loop=loop, tls_context=tls_context if has_tls else None) as server:
        dialogue(path, *server.address())
