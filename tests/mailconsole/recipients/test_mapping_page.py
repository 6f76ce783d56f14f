"""Which attribute became what, for an entry of the lab's Active Directory."""

import pytest
from django.urls import reverse
from django.utils import timezone

from mailconsole.recipients.models import Recipient
from mailconsole.recipients.services.sync import sync_source
from tests.mailconsole.recipients.directories import create_directory
from tests.support.factories import create_administrator, create_viewer, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.needs("lab-ad")]


@pytest.fixture
def source(lab_ad):
    return create_directory(
        servers="127.0.0.11", base_dn=lab_ad.base, bind_user=lab_ad.reader.user, password=lab_ad.reader.password,
        ca_pem=lab_ad.ca_path.read_text(), search_filter="(|(mail=awkward00@acme.example)(mail=board@acme.example))",
    )  # fmt: skip


def test_mapping__entry_as_it_is_now__each_attribute_with_what_it_became(source):
    assert sync_source(source=source, actor=None, now=timezone.now()).recipient_count == 2
    awkward = Recipient.objects.get(primary_address="awkward00@acme.example")
    url = reverse("recipients:mapping", args=[awkward.object_guid])
    assert signed_in(create_viewer()).get(url).status_code == 403
    page = signed_in(create_administrator()).get(url).text
    assert "Star * (Paren) \\ Back" in page
    assert "proxyAddresses" in page and "addresses" in page
    board = Recipient.objects.get(primary_address="board@acme.example")
    page = signed_in(create_administrator()).get(reverse("recipients:mapping", args=[board.object_guid])).text
    assert "dLMemSubmitPerms" in page and "restrictions" in page


def test_mapping__controller_away__says_why(source, lab_ad):
    sync_source(source=source, actor=None, now=timezone.now())
    source.servers = "127.0.0.11:1"
    source.save()
    url = reverse("recipients:mapping", args=[Recipient.objects.first().object_guid])
    assert "nothing listens there" in signed_in(create_administrator()).get(url).text
