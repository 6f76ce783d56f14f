"""What a queue remembers of its last tries: why its mail waits, never why other mail failed."""

from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.reply import Reply
from transport.queues.health import Health


def outcome(kind, code):
    return Outcome(kind, Phase.RCPT, Reply(code, "", "said the next hop"))


def test_learn__failed_recipient__does_not_explain_those_that_wait():
    health = Health()
    health.learn(outcome(OutcomeKind.DEFERRED, 451))
    health.learn(outcome(OutcomeKind.FAILED, 550))
    assert health.last_error == "451 said the next hop"
    assert health.last_reply == "550 said the next hop"


def test_failed__next_hop_that_takes_nothing__explains_them():
    health = Health()
    health.failed(outcome(OutcomeKind.FAILED, 521), 10.0)
    assert health.last_error == "521 said the next hop"
