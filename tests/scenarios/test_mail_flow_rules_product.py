"""Mail flow rules in the whole product: what an administrator sees of them in trace, refusals and list."""

import pytest
from playwright.sync_api import expect

from tests.support.product import Product
from tests.support.product_people import Person
from tests.support.sink import Sink
from tests.support.smtp import send

DOCUMENT = """
schema_version: 1
organization: {{name: Test, hostname: relay.test}}
receive_connectors: [{{id: default, name: Default}}]
accepted_domains: [{{id: acme, name: Acme, domain: acme.example, domain_type: InternalRelay}}]
send_connectors:
  - {{id: sink, name: Sink, address_spaces: [{{domain: "*"}}], smart_hosts: ["[127.0.0.1]:{port}"]}}
mail_flow_rules:
  - name: Invoices
    conditions: [{{kind: SubjectContainsWords, values: [invoice]}}]
    actions: [{{kind: PrependSubject, text: "[I]"}}]
  - name: Programs
    priority: 1
    conditions: [{{kind: AttachmentHasExecutableContent}}]
    actions: [{{kind: RejectMessage, status: 5.7.900, text: No programs}}]
"""


@pytest.fixture
def product(shared_product: Product) -> Product:
    return shared_product


def test_rules__that_fit__stand_in_trace_refusals_and_counts(product: Product, sink: Sink, browser, complaints):
    product.apply(DOCUMENT.format(port=sink.port))
    body = b"Subject: Invoice 1\r\nMessage-ID: <one@x>\r\n\r\ntext\r\n"
    assert send(*product.smtp, "a@x.example", ["b@acme.example"], body).is_accepted
    exe = b"Content-Disposition: attachment; filename=a.exe\r\n\r\nx\r\n"
    assert "5.7.900" in str(send(*product.smtp, "a@x.example", ["b@acme.example"], exe).last)
    assert b"Subject: [I] Invoice 1\r\n" in sink.wait_for(1)[0].data
    admin = Person(browser, complaints, product)
    admin.sign_in(*product.administrator)
    admin.find("/messages/", "[I] Invoice 1")
    admin.sees("The mail flow rule Invoices fits")
    for name, hits in (("Invoices", "1"), ("Programs", "1")):
        admin.open("/mail-flow/mail-flow-rules/")
        row = admin.page.get_by_role("row").filter(has_text=name)
        expect(row.locator("td.mc-num")).to_contain_text(hits)
