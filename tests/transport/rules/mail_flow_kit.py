"""Mail flow rules, and messages that they are asked about."""

from datetime import UTC, datetime

from transport.config.document import MailFlow
from transport.config.objects import MailFlowRule
from transport.model.address import NULL, parse_mailbox
from transport.model.session import SessionFacts
from transport.model.verdict import Answer
from transport.ports.recipients import EntryKind, NoDirectory, RecipientEntry
from transport.rules.mail_flow_rules import decide_rules
from transport.rules.rule_facts import RuleFacts
from transport.rules.ruleset import compile_ruleset

NOW = datetime(2026, 11, 27, tzinfo=UTC).timestamp()
HEADER = (
    b"From: Anna <anna@contoso.com>\r\nTo: bob@fabrikam.com, x@y.com\r\nSubject: Your Invoice 4711\r\nX-App: ERP\r\n"
)
CONTENT = HEADER + b"\r\nHello\r\n"
DOMAINS = [{"id": "own", "name": "own", "domain": "contoso.com"}]


class Groups:
    def find(self, address: str) -> RecipientEntry | None:
        members = {"staff@contoso.com": ("anna@contoso.com",)}.get(address.lower())
        return RecipientEntry(address, EntryKind.GROUP, address, members=members) if members else None


def session(**given) -> SessionFacts:
    facts = SessionFacts("s", "10.1.2.3", 1, "smtp", "default", 1, NOW)
    return facts.changed(**given)


def facts(
    content: bytes | None = CONTENT, sender: str = "anna@contoso.com", to=("bob@fabrikam.com",), **given
) -> RuleFacts:
    return RuleFacts(
        session=session(**given),
        sender=parse_mailbox(sender) if sender else NULL,
        recipients=[parse_mailbox(one) for one in to],
        size_bytes=len(content or b""),
        content=content,
    )


def rule(
    number: int = 0, conditions=(), exceptions=(), actions=({"kind": "LogEventText", "text": "x"},), **given
) -> MailFlowRule:
    said = {"id": f"r{number}", "name": f"R{number}", "priority": number} | given
    return MailFlowRule(conditions=conditions, exceptions=exceptions, actions=actions, **said)


def decide(*rules: MailFlowRule, about: RuleFacts | None = None, lookup=None):
    document = MailFlow(mail_flow_rules=rules, accepted_domains=DOMAINS)
    return decide_rules(compile_ruleset(document), about or facts(), lookup=lookup or Groups(), now=NOW)


def condition(kind: str, *values: str, header: str = "") -> dict:
    return {"kind": kind, "values": values, "header": header}


YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.CANNOT_TELL


class Down:
    def find(self, address: str) -> RecipientEntry | None:
        return NoDirectory().find(address)
