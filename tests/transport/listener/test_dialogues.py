"""The files of tests/dialogues/listener, on both event loops.

A line ``# with: {...}`` gives settings of the receive connector, ``# document: {...}`` sections of the document.
``# node: {...}`` is what the node has or lacks: a directory of these addresses and of those that several objects claim,
a failure of its spool, why it takes no mail, no secrets. A step ``tls`` gives the listener a certificate. The service
account scanner is there in all of them.
"""

import json
import re

import pytest

from tests.support.accounts import Secrets, service_account
from tests.support.dialogue import dialogue, dialogue_files
from tests.support.listener import LOOPS, connector, mail_flow, running
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry
from transport.ports.secrets import no_secrets

ACCOUNT = service_account()
SECRETS = Secrets(ACCOUNT)


def said(text, what):
    found = re.search(rf"(?m)^# {what}: (\{{.*\}})$", text)
    return json.loads(found[1]) if found else {}


class Directory:
    def __init__(self, addresses, claimed):
        self._addresses = addresses
        self._claimed = claimed

    def find(self, address):
        key = address.lower()
        if key in self._claimed:
            return RecipientEntry(address, EntryKind.CONFLICT, "", claimed_by=tuple(self._claimed[key]))
        return RecipientEntry(address, EntryKind.MAILBOX, key) if key in self._addresses else None


def lacking(node):
    """What the listener is given: a node without a directory cannot tell who is there."""
    lookup = Directory(node["directory"], node.get("claimed", {})) if "directory" in node else NoDirectory()
    return {"lookup": lookup, "secrets": no_secrets if "secrets" in node else SECRETS}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("path", dialogue_files("listener"), ids=lambda path: path.stem)
def test_dialogue(path, loop, tls_context):
    text = path.read_text()
    has_tls = re.search(r"(?m)^tls$", text) is not None
    fields = {"max_protocol_errors": 0} | said(text, "with")
    flow = mail_flow(connector(**fields), **{"service_accounts": (ACCOUNT,)} | said(text, "document"))
    node = said(text, "node")
    with running(flow, loop=loop, tls_context=tls_context if has_tls else None, **lacking(node)) as server:
        server.intake.failure = node.get("failure", "")
        server.intake.why_not_accepting = node.get("why_not_accepting", "")
        dialogue(path, *server.address())
