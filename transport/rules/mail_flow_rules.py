"""Mail flow rules (exchange.md 6): which fit a message, what they do with it, and the trail of all that. Pure.

In order of priority; conditions AND, values OR, exceptions OR, all actions. A rule sees the header as the rules before
it left it, and the envelope as it came.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from transport.config.document import MailFlow
from transport.config.objects import AuditSeverity, MailFlowRule, RuleErrorAction, RuleMode
from transport.config.rule_kinds import PATTERNS, TELLING, ActionKind, Reads
from transport.config.validate_rules import in_order
from transport.model.reply import Reply
from transport.model.verdict import Answer, Step
from transport.ports.recipients import RecipientLookup
from transport.rules.criteria.criterion import Criterion, Finding, compile_criterion
from transport.rules.criteria.known import Known
from transport.rules.criteria.question import Around
from transport.rules.rule_effects import LOOPING, CompiledAction, Effects, mark
from transport.rules.rule_facts import MAX_STEPS, NotKnown, RuleFacts
from transport.rules.rule_manager import compile_manager
from transport.rules.ruleset import Ruleset

KIND = "mail_flow_rules"
STEPS_FOR_EACH = 1_000
"""Where there are very many patterns, each may look at a text of this length."""
DEFERRED = Reply(451, "4.3.0", "The message could not be examined now, try again later")


@dataclass(frozen=True, slots=True)
class RuleStep:
    """What one rule said of the message. ``actions`` in words: what was done; if not ``is_done`` would have been.
    ``is_withheld``: who asks must not know whether it fits; it is passed over. ``severity``: how grave it is that it
    fits."""

    rule_id: str
    name: str
    mode: RuleMode
    answer: Answer
    because: str
    actions: tuple[str, ...] = ()
    is_done: bool = False
    is_withheld: bool = False
    severity: AuditSeverity = AuditSeverity.NOT_SPECIFIED

    @property
    def is_audited(self) -> bool:
        """Whether it has an event of its own."""
        return self.answer is not Answer.YES or self.severity is not AuditSeverity.DO_NOT_AUDIT

    @property
    def grave(self) -> str:
        """``audit severity High``, or empty."""
        return f"audit severity {self.severity}" if self.severity.grade else ""

    @property
    def sentence(self) -> str:
        """For people who look for what happened to the message."""
        if self.answer is Answer.CANNOT_TELL:
            return f"Whether the mail flow rule {self.name} fits can't be told. {self.because}"
        if self.answer is Answer.NO:
            return self.because
        did = "did" if self.is_done else f"would have done (it is a test, {self.mode})"
        grave = f" ({self.grave})" if self.grave else ""
        return f"The mail flow rule {self.name} fits{grave}: {self.because}. It {did}: {'; '.join(self.actions)}."

    @property
    def step(self) -> Step:
        return Step(KIND, self.rule_id, self.name, self.answer, self.sentence)


@dataclass(slots=True)
class Decided:
    """``trail`` has a step for each rule that was asked; ``refusal`` is the public reply where the message is refused,
    ``because`` its private reason."""

    trail: list[RuleStep] = field(default_factory=list)
    effects: Effects = field(default_factory=Effects)
    refusal: Reply | None = None
    because: str = ""

    @property
    def told(self) -> list[RuleStep]:
        """The steps that are worth an event: all but those of rules that do not fit."""
        return [step for step in self.trail if step.answer is not Answer.NO]


class CompiledRule:
    """``reads``: how much of a message it has to see."""

    def __init__(self, rule: MailFlowRule) -> None:
        self.rule = rule
        self.begins = rule.activation_at.timestamp() if rule.activation_at else float("-inf")
        self.ends = rule.expires_at.timestamp() if rule.expires_at else float("inf")
        where = rule.sender_address_location
        # What costs least is asked first: a no of the envelope's spares the look at the message.
        self._conditions = sorted((compile_criterion(c, where) for c in rule.conditions), key=_reads)
        self._exceptions = sorted((compile_criterion(c, where) for c in rule.exceptions), key=_reads)
        self.actions = [CompiledAction(action, rule.name) for action in rule.actions]
        is_manager_asked = any(action.kind is ActionKind.ADD_MANAGER for action in self.actions)
        self._finds_manager = compile_manager(where) if is_manager_asked else None
        asked = [one.reads for one in (*self._conditions, *self._exceptions)]
        acted = [Reads.HEADER for action in self.actions if action.needs_header]
        self.reads = max([*asked, *acted], default=Reads.ENVELOPE)

    def asked(self, facts: RuleFacts, around: Around, effects: Effects) -> Finding:
        """The same as ``fits``; and who is the manager, where the rule sends anything there, stands in the effects."""
        finding = self.fits(facts, around)
        if self._finds_manager is None or finding.answer is not Answer.YES:
            return finding
        manager = self._finds_manager(facts, around)
        effects.manager = manager.address
        return Finding(Answer.CANNOT_TELL, manager.unknown) if manager.unknown else finding

    def fits(self, facts: RuleFacts, around: Around) -> Finding:
        """Yes, no or cannot tell, and why."""
        found: list[str] = []
        unknown: list[Finding] = []
        for criterion in self._conditions:
            finding = criterion.ask(facts, around)
            if finding.answer is Answer.NO:
                return Finding(Answer.NO, f"Not so: {criterion.kind}.")
            if finding.answer is Answer.YES:
                found.append(finding.because)
            else:
                unknown.append(finding)
        for criterion in self._exceptions:
            finding = criterion.ask(facts, around)
            if finding.answer is Answer.YES:
                return Finding(Answer.NO, f"An exception, {criterion.kind}: {finding.because}.")
            if finding.answer is Answer.CANNOT_TELL:
                unknown.append(finding)
        if unknown:
            return _unknown(unknown)
        return Finding(Answer.YES, "; ".join(found) or "every message does")


def _unknown(findings: list[Finding]) -> Finding:
    because = " ".join(dict.fromkeys(one.because for one in findings))
    return Finding(Answer.CANNOT_TELL, because, any(one.is_withheld for one in findings))


def _reads(criterion: Criterion) -> Reads:
    return criterion.reads


def _patterns(rule: MailFlowRule) -> int:
    asked = (*rule.conditions, *rule.exceptions)
    return sum(len(one.values) for one in asked if one.kind.spec.values in PATTERNS)


class CompiledRules:
    """The enabled rules of a document, in their order."""

    def __init__(self, document: MailFlow) -> None:
        enabled: Iterable[MailFlowRule] = (rule for rule in document.mail_flow_rules if rule.is_enabled)
        self.rules = [CompiledRule(rule) for rule in in_order(enabled)]
        patterns = sum(_patterns(one.rule) for one in self.rules)
        self.steps = max(MAX_STEPS, patterns * STEPS_FOR_EACH)
        """That patterns may take for one message."""


def decide_rules(ruleset: Ruleset, facts: RuleFacts, *, lookup: RecipientLookup, now: float) -> Decided:
    """Ask the rules in force at ``now``. Changes the header in ``facts``; everything else is in what is returned."""
    decided = Decided()
    around = Around(ruleset, Known(ruleset, lookup))
    rules = rules_of(ruleset)
    facts.steps.left = rules.steps
    for compiled in rules.rules:
        if not compiled.begins <= now < compiled.ends:
            continue
        if _ask(compiled, facts, around, decided):
            break
    if decided.refusal is None and decided.effects.takes_to and not decided.effects.is_final:
        _mark(facts, decided)
    return decided


def _ask(compiled: CompiledRule, facts: RuleFacts, around: Around, decided: Decided) -> bool:
    """Ask one rule and do what it says; returns whether it is the last for the message."""
    rule = compiled.rule
    finding = compiled.asked(facts, around, decided.effects)
    answer, because = finding.answer, finding.because
    if answer is not Answer.YES:
        step = RuleStep(rule.id, rule.name, rule.mode, answer, because, is_withheld=finding.is_withheld)
        decided.trail.append(step)
        is_deferred = (
            answer is Answer.CANNOT_TELL
            and not finding.is_withheld
            and rule.mode is RuleMode.ENFORCE
            and rule.rule_error_action is RuleErrorAction.DEFER
        )
        if is_deferred:
            decided.refusal, decided.because = DEFERRED, decided.trail[-1].sentence
        return is_deferred
    is_done = rule.mode is RuleMode.ENFORCE
    words = tuple(action.told(decided.effects) for action in compiled.actions)
    step = RuleStep(rule.id, rule.name, rule.mode, answer, because, words, is_done, severity=rule.set_audit_severity)
    decided.trail.append(step)
    for action in compiled.actions:
        is_told = rule.mode is RuleMode.AUDIT_AND_NOTIFY and action.kind in TELLING
        if is_done or is_told:
            _apply(action, facts, decided)
    if decided.effects.refusal is not None:
        decided.refusal, decided.because = decided.effects.refusal, decided.trail[-1].sentence
    return is_done and (rule.stop_rule_processing or decided.effects.is_final)


def _apply(action: CompiledAction, facts: RuleFacts, decided: Decided) -> None:
    with contextlib.suppress(NotKnown):  # a replay of what is recorded: it needs no changed header
        action.apply(facts, decided.effects)


def _mark(facts: RuleFacts, decided: Decided) -> None:
    try:
        mark(facts, decided.effects)
    except NotKnown:
        return
    if decided.effects.refusal is LOOPING:
        decided.refusal = LOOPING
        decided.because = "Mail flow rules have sent this message on before, again and again: it goes in a circle."


def rules_of(ruleset: Ruleset) -> CompiledRules:
    """Made once for each revision, when the first message is looked at."""
    found: CompiledRules | None = ruleset.compiled_rules
    if found is None:
        found = ruleset.compiled_rules = CompiledRules(ruleset.document)
    return found
