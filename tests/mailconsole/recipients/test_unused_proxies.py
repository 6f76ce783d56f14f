"""Proxy addresses that no mail used: found by tracked recipients, honest about how long that is known."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from mailconsole.audit.models import AuditEntry
from mailconsole.recipients.models import DirectoryRules, RecipientAddress
from mailconsole.recipients.services import unused
from mailconsole.recipients.tasks import review_unused_proxies
from tests.directory.entries import a_recipient
from tests.mailconsole.recipients.directories import create_directory, read_directory
from tests.support.factories import create_administrator, create_operator, create_viewer, signed_in
from tests.support.traffic import NOW, Traffic
from transport.config.document import MailFlow
from transport.config.objects import AcceptedDomain

pytestmark = pytest.mark.django_db
DAY_S = 86400
TODAY = datetime.fromtimestamp(NOW, UTC)
DOCUMENT = MailFlow(accepted_domains=(AcceptedDomain(id="acme", name="Acme", domain="acme.example"),))


@pytest.fixture(autouse=True)
def directory(monkeypatch):
    monkeypatch.setattr(unused, "load_document", lambda head: DOCUMENT)
    people = [
        a_recipient("anna", addresses=("anna@acme.example", "Old@acme.example", "A@acme.example", "a@foreign.example")),
        a_recipient("ben", addresses=("ben@acme.example", "b@acme.example"), display_name="<b>Ben</b>\u202e"),
    ]
    return read_directory(monkeypatch, create_directory(), people)


def track(*addresses, days_ago):
    traffic = Traffic(at=NOW - days_ago * DAY_S, node=f"node-{days_ago}")
    for address in addresses:
        traffic.receive(address)
    traffic.ingest()


def found():
    return [row.address for row in unused.unused_proxies()]


def test_review__proxies_without_mail_in_the_window__are_found_by_the_address_that_was_written_to():
    track("x@acme.example", days_ago=40)
    track("OLD@acme.example", days_ago=31)
    track("a@Acme.example", "anna@acme.example", days_ago=29)
    review = unused.review_proxies(now=TODAY)
    assert found() == ["b@acme.example", "Old@acme.example"], "not the primary ones, nor those of a domain of others"
    assert (review.unused_count, review.proxy_count, review.is_short) == (2, 4, False)


def test_review__internationalised_address__is_not_called_unused_for_its_spelling(monkeypatch):
    domain = AcceptedDomain(id="b", name="B", domain="xn--bcher-kva.example")
    monkeypatch.setattr(unused, "load_document", lambda head: MailFlow(accepted_domains=(domain,)))
    one = a_recipient("cleo", addresses=("cleo@acme.example", "info@bücher.example", "jürgen@xn--bcher-kva.example"))
    read_directory(monkeypatch, create_directory(name="second"), [one])
    track("info@bücher.example", "x@acme.example", days_ago=40)
    unused.review_proxies(now=TODAY)
    assert found() == []


def test_review__address_that_got_mail_since__is_no_longer_among_them():
    track("x@acme.example", days_ago=40)
    unused.review_proxies(now=TODAY)
    assert len(found()) == 3
    track("b@acme.example", "old@acme.example", days_ago=0)
    unused.review_proxies(now=TODAY + timedelta(days=1))
    assert found() == ["A@acme.example"]


def test_review__in_steps__comes_to_the_same(monkeypatch):
    monkeypatch.setattr(unused, "STEP", 1)
    track("b@acme.example", days_ago=40)
    review = unused.review_proxies(now=TODAY)
    assert (review.proxy_count, len(found())) == (4, 3)


def test_review__tracking_is_younger_than_the_window__says_so():
    track("b@acme.example", days_ago=3)
    review = unused.review_proxies(now=TODAY + timedelta(hours=1))
    assert (review.known_days, review.is_short) == (4, True)
    page = signed_in(create_viewer()).get(reverse("recipients:unused")).text
    assert "Too early to tell" in page and "4 days of the 30" in page


def test_review__nothing_is_tracked__nothing_is_called_unused():
    review = unused.review_proxies(now=TODAY)
    assert (review.unused_count, review.known_days, found()) == (0, 0, [])
    assert not unused.is_review_due(now=TODAY)
    assert "No mail was tracked here so far" in signed_in(create_viewer()).get(reverse("recipients:unused")).text


def test_task__first_mail_is_tracked__looks_again_at_once():
    unused.review_proxies(now=TODAY)
    track("x@acme.example", days_ago=1)
    assert unused.is_review_due(now=TODAY)


def test_task__runs_once_a_day_and_at_once_for_another_window(monkeypatch):
    track("x@acme.example", days_ago=40)
    monkeypatch.setattr("mailconsole.recipients.tasks.timezone.now", lambda: TODAY)
    review_unused_proxies()
    assert len(found()) == 3 and not unused.is_review_due(now=TODAY + timedelta(hours=23))
    assert unused.is_review_due(now=TODAY + timedelta(hours=24))
    DirectoryRules.objects.update_or_create(pk=1, defaults={"unused_after_days": 90})
    assert unused.is_review_due(now=TODAY)


def test_review__directory_that_is_switched_off__is_not_told_of(directory):
    track("x@acme.example", days_ago=40)
    unused.review_proxies(now=TODAY)
    directory.source.is_enabled = False
    directory.source.save()
    assert found() == []
    assert unused.review_proxies(now=TODAY).proxy_count == 0


def test_page__shows_addresses_and_names_as_text_and_exports_them():
    track("x@acme.example", days_ago=40)
    unused.review_proxies(now=TODAY)
    client = signed_in(create_viewer())
    page = client.get(reverse("recipients:unused")).text
    assert "&lt;b&gt;Ben" in page and "<b>Ben" not in page and "\u202e" not in page
    assert "3 of 4 proxy addresses" in page
    rows = client.get(reverse("recipients:unused"), {"export": "csv"}).getvalue().decode()
    assert "Old@acme.example,Anna,anna@acme.example," in rows
    to_mend = client.get(reverse("recipients:to-mend")).text
    assert reverse("recipients:unused") in to_mend


def test_window__is_set_by_administrators_only_and_recorded():
    url = reverse("recipients:unused-window")
    assert signed_in(create_operator()).post(url, {"days": "90"}).status_code == 403
    administrator = signed_in(create_administrator())
    assert administrator.post(url, {"days": "91"}).status_code == 400
    assert administrator.get(url).status_code == 405
    assert DirectoryRules.current().unused_after_days == 30
    assert administrator.post(url, {"days": "90"}).status_code == 302
    assert DirectoryRules.current().unused_after_days == 90
    assert "90 days without mail" in AuditEntry.objects.latest("pk").summary


def test_review__object_that_changed_since__is_not_called_unused_before_the_next(monkeypatch, directory):
    track("x@acme.example", days_ago=40)
    unused.review_proxies(now=TODAY)
    ben = a_recipient("ben", addresses=("ben@acme.example", "b@acme.example", "new@acme.example"))
    read_directory(monkeypatch, directory.source, [ben], is_whole=False, answer={"gone": []})
    assert found() == ["A@acme.example", "Old@acme.example"]
    assert RecipientAddress.objects.filter(key="new@acme.example").exists()
