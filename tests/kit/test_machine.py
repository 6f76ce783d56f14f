"""The optional parts of the machine do what the kit promises of them."""

import ssl
import subprocess
import sys

import dns.resolver
import ldap3
import psycopg
import pytest
from playwright.sync_api import Page

from tests.support.browser import Complaints, assert_accessible
from tests.support.lab import LabAd, LabDns, LabNexthop
from tests.support.smtp import send


def test_lab_ad__reader__binds_over_tls_and_finds_a_person(lab_ad: LabAd):
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(lab_ad.ca_path))
    server = ldap3.Server(lab_ad.strict_url, tls=tls)
    with ldap3.Connection(server, lab_ad.reader.user, lab_ad.reader.password, auto_bind=True) as connection:
        connection.search(lab_ad.people, "(sAMAccountName=admin.anna)", attributes=["mail"])
        assert connection.entries[0].mail.value == "admin.anna@acme.example"


def test_lab_dns__resolver__knows_the_partner(lab_dns: LabDns):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [lab_dns.resolver[0]], lab_dns.resolver[1]
    answer = {(record.preference, str(record.exchange)) for record in resolver.resolve("partner.example", "MX")}
    assert (10, "mx1.partner.example.") in answer


def test_lab_nexthop__sink__holds_what_was_sent(lab_nexthop: LabNexthop, request):
    subject = f"Subject: {request.node.name}\r\n\r\nhello\r\n".encode()
    sent = send(lab_nexthop.addresses["dane"], 25, "a@partner.example", "b@dane.example", subject)
    assert sent.is_accepted
    assert any(
        subject in message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for message in lab_nexthop.messages("dane")
    )


def test_postgres__fixture__gives_a_server_of_this_run(postgres_url: str):
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("select current_setting('listen_addresses')").fetchone() == ("127.0.0.1",)


@pytest.mark.needs("postgresql")
def test_postgres__command__gets_a_database_and_hands_back_its_status():
    script = "import os, psycopg, sys; psycopg.connect(os.environ['DATABASE_URL']).close(); sys.exit(7)"
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.postgres", "--", sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 7, done.stdout + done.stderr


def test_browser__accessible_page__passes_axe(browser_page: Page):
    browser_page.set_content("<html lang=en><title>t</title><main><h1>Title</h1><p>Text</p></main></html>")
    assert_accessible(browser_page)


def test_browser__image_without_text__fails_axe(browser_page: Page):
    browser_page.set_content("<html lang=en><title>t</title><main><h1>Title</h1><img src='data:,'></main></html>")
    with pytest.raises(AssertionError, match="image-alt"):
        assert_accessible(browser_page)


def test_browser__console_error_and_csp_violation__are_collected(browser_page: Page, complaints: Complaints):
    complaints.expect("Content Security Policy")
    complaints.expect("on purpose")
    browser_page.set_content(
        "<meta http-equiv=Content-Security-Policy content=\"script-src 'nonce-a'\">"
        "<script nonce=a>console.error('on purpose')</script><script>alert(1)</script>"
    )
    browser_page.wait_for_timeout(100)
    assert len(complaints.said) == 2
    assert not complaints.unexpected()
