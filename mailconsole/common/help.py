"""The in-product help: one template per task under templates/help/, found by its topic."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from mailconsole.common.search import Hit
from mailconsole.environment import SETTINGS


@dataclass(frozen=True, slots=True)
class Topic:
    """One help page: `slug` is its template's name, `sentence` says what one can do after reading it."""

    slug: str
    title: str
    sentence: str


TOPICS: tuple[Topic, ...] = (
    Topic("first-set-up", "First set-up", "From a fresh start to mail that flows: a domain, a way out, two people."),
    Topic(
        "let-a-device-relay",
        "Let a device relay",
        "A printer or an application may send to the outside, and only that.",
    ),
    Topic(
        "let-an-application-sign-in",
        "Let an application sign in",
        "A service account with its own password and addresses, and what is said when signing in fails.",
    ),
    Topic(
        "receive-connectors",
        "Certificates, proxies and limits",
        "What a receive connector shows in TLS, whom it believes, and which limit said no.",
    ),
    Topic(
        "send-connectors",
        "Send mail out",
        "Which send connector takes a message, where it goes, and how TLS and retries are chosen.",
    ),
    Topic(
        "accept-a-domain",
        "Accept a domain",
        "What we are to a domain, whom its unknown recipients go to, and how its mail leaves.",
    ),
    Topic(
        "allow-or-block-clients",
        "Allow or block clients",
        "Entries of the IP allow and block lists: which wins, when they end, and which decide nothing.",
    ),
    Topic(
        "organisation",
        "The organisation's settings",
        "What holds for all mail, and where a connector's own goes first.",
    ),
    Topic(
        "hold-back-reports",
        "Hold back reports and automatic mail",
        "Remote domains: which reports and automatic messages leave for somebody else's domain.",
    ),
    Topic(
        "ask-lists-in-dns",
        "Ask lists in DNS",
        "Refuse clients that a block list has, let a few recipients get their mail, and see whom it would hit first.",
    ),
    Topic("certificates", "Certificates", "Add, request, replace and remove what connectors show in TLS."),
    Topic(
        "forward-an-address",
        "Forward an address",
        "Aliases, forwarding, catch-all and plus addressing, without a directory.",
    ),
    Topic(
        "make-a-distribution-group",
        "Make a distribution group",
        "One address for several people, who may write to it, and who hears of failures.",
    ),
    Topic(
        "approval-rules",
        "Approval rules",
        "How many people agree to which change, by kind, risk and group; and what its author may publish alone.",
    ),
    Topic(
        "mail-flow-rules",
        "Mail flow rules",
        "Reject, redirect, copy, mark, route or hold messages that fit; try a rule out first, and see what it did.",
    ),
    Topic(
        "rewrite-addresses",
        "Rewrite addresses",
        "Let the outside see other addresses than the internal ones, and bring its answers back.",
    ),
    Topic(
        "pickup-directory",
        "Send a file from a directory",
        "An application that can only write files sends by dropping them; which are taken, and why one becomes .bad.",
    ),
    Topic(
        "learn-who-relays",
        "Learn who relays",
        "Clients of a receive connector, seen in a window of time, become relay policies in a draft.",
    ),
    Topic(
        "import-mail-flow",
        "Import mail flow",
        "What Exchange or Postfix does today becomes one draft, with a report of what was left out.",
    ),
    Topic("review-and-publish", "Review and publish a change", "What a reviewer sees, and what happens on publish."),
    Topic(
        "impact-of-a-change",
        "See what a change would do",
        "Recent traffic decided again with and without a change, and what can't be known beforehand.",
    ),
    Topic("explain-an-answer", "Explain an answer", "What the rules would say to an attempt, now or under a draft."),
    Topic("find-a-message", "Find a message", "Any message's fate, from a message-id, an address or a time."),
    Topic("why-is-mail-waiting", "Why is mail waiting?", "Read a queue, and know which setting decides the next try."),
    Topic("work-with-queues", "Work with queues", "Suspend, retry, redirect, remove and hold mail, one or many."),
    Topic("back-pressure", "Back pressure", "Why a node says “later” when disk, memory or queues run short."),
    Topic("second-copy", "Keep a second copy", "A second node keeps each message until it is delivered."),
    Topic("directory-sync", "Directory sync", "How recipients come from Active Directory, and what stops a sync."),
    Topic("people-and-roles", "People and roles", "Who may do what, and how to hand out roles."),
    Topic("read-the-audit", "Read the audit", "Who did what, when and why, and how to prove that nothing is missing."),
    Topic("keep-it-in-git", "Keep the configuration in Git", "A plan on each merge request, a change on each merge."),
    Topic("use-the-api", "Use the API", "A token for a program, and what it may ask and do."),
    Topic("settings", "Settings", "Every setting of the environment, with its default."),
    Topic("keys", "Keys", "The console without a mouse."),
)
_words: dict[str, Any] = {"settings": SETTINGS}
_BY_SLUG = {topic.slug: topic for topic in TOPICS}
_TAG = re.compile(r"<[^>]+>")


def tell(**words: Any) -> None:
    """Give the help's templates something to render, such as the roles and their sentences; in `AppConfig.ready`."""
    _words.update(words)


def topic_of(slug: str) -> Topic | None:
    return _BY_SLUG.get(slug)


def body_of(topic: Topic) -> str:
    return render_to_string(f"help/{topic.slug}.html", _words)


def find_topics(query: str) -> list[Topic]:
    """Topics in which every word of the query occurs; those with the words in the title first."""
    words = query.lower().split()
    found = [topic for topic in TOPICS if all(word in _text_of(topic.slug) for word in words)]
    return sorted(found, key=lambda topic: not all(word in topic.title.lower() for word in words))


def search_help(request: HttpRequest, query: str) -> Iterable[Hit]:
    for topic in find_topics(query):
        yield Hit(topic.title, reverse("common:help-topic", args=[topic.slug]), topic.sentence, "book")


@cache
def _text_of(slug: str) -> str:
    topic = _BY_SLUG[slug]
    return f"{topic.title} {topic.sentence} {_TAG.sub(' ', body_of(topic))}".lower()
