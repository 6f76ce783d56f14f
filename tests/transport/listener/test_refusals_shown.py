"""Every refusal that a client can be given is said, word for word, by a dialogue of tests/dialogues/listener."""

import re
from pathlib import Path

import pytest

from tests.support.dialogue import dialogue_files
from tests.transport.listener.test_replies import CONSTANTS

ROOT = Path(__file__).resolve().parents[3]
# What one connection to a listener alone cannot show, and the file of the test that does.
ELSEWHERE = {
    "listener.replies.STOPPING": "listener/test_server.py",
    "listener.replies.NOT_REDUNDANT": "scenarios/test_shadow_copy.py",
    "listener.replies.INTERNAL": "listener/test_hostile.py",
    "listener.replies.AUTH_LINE_TOO_LONG": "listener/test_auth.py",
    "listener.replies.LINE_TOO_LONG": "listener/test_hostile.py",
    "rules.limits.TOO_MANY_CONNECTIONS": "listener/test_limits.py",
    "rules.limits.TOO_MANY_FROM_SOURCE": "listener/test_limits.py",
    "rules.logons.TOO_MANY_FOR_ACCOUNT": "listener/test_logons.py",
    "rules.logons.TOO_MANY_FROM_NETWORK": "listener/test_logons.py",
    "rules.dns_lists.NOT_NOW": "listener/test_listed.py",
    "rules.recipients.EXPANSION_PROBLEM": "rules/test_recipients.py",
    "rules.recipients.FORWARDING_LOOP": "rules/test_recipients.py",
    "rules.restrictions.NOT_AUTHENTICATED.contact": "rules/test_taking.py",
}
REFUSALS = {name.removeprefix("transport."): reply for name, reply in CONSTANTS.items() if reply.code >= 400}
SAID = {
    line.removeprefix("s:").strip()
    for path in dialogue_files("listener")
    for line in path.read_text().splitlines()
    if line.startswith("s:")
}


def shown(reply) -> bool:
    """By its words; or by its codes, where no other refusal has the same."""
    alike = [other for other in REFUSALS.values() if (other.code, other.enhanced) == (reply.code, reply.enhanced)]
    whole, codes = str(reply), f"{reply.code} {reply.enhanced}"
    return any(whole.startswith(said) and (len(said) > len(codes) or len(alike) == 1) for said in SAID if codes in said)


@pytest.mark.parametrize("name", [name for name in REFUSALS if name not in ELSEWHERE])
def test_refusal__is_said_by_a_dialogue(name):
    assert shown(REFUSALS[name]), f"{REFUSALS[name]} is in no dialogue, nor named in ELSEWHERE with its test"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_refusal_shown_elsewhere__is_named_in_that_file(name):
    file = next(path for folder in ("tests/transport", "tests") if (path := ROOT / folder / ELSEWHERE[name]).is_file())
    assert re.search(rf"\b({re.escape(REFUSALS[name].enhanced)}|{REFUSALS[name].code})\b", file.read_text())
