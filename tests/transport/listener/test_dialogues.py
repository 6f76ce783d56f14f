"""The files of tests/dialogues/listener, on both event loops.

A line ``# with: {...}`` gives settings of the receive connector, ``# document: {...}`` sections of the document; a step
``tls`` gives the listener a certificate. The service account scanner is there in all of them.
"""

import json
import re

import pytest

from tests.support.accounts import Secrets, service_account
from tests.support.dialogue import dialogue, dialogue_files
from tests.support.listener import LOOPS, connector, mail_flow, running

ACCOUNT = service_account()
SECRETS = Secrets(ACCOUNT)


def said(text, what):
    found = re.search(rf"(?m)^# {what}: (\{{.*\}})$", text)
    return json.loads(found[1]) if found else {}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("path", dialogue_files("listener"), ids=lambda path: path.stem)
def test_dialogue(path, loop, tls_context):
    text = path.read_text()
    has_tls = re.search(r"(?m)^tls$", text) is not None
    fields = {"max_protocol_errors": 0} | said(text, "with")
    flow = mail_flow(connector(**fields), **{"service_accounts": (ACCOUNT,)} | said(text, "document"))
    with running(flow, loop=loop, tls_context=tls_context if has_tls else None, secrets=SECRETS) as server:
        dialogue(path, *server.address())
