"""Certificates and keys as people hand them over; what could not be shown to a peer is refused with the reason."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from mailconsole.certificates import pem
from mailconsole.certificates.refusals import BadCertificate
from mailconsole.certificates.services.given import read_given
from tests.mailconsole.certificates.kit import archive, given, now


@pytest.fixture
def made(authority):
    return authority.issue("Mail.Acme.example", "192.0.2.1", days=60)


def as_pem(key, seal=None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, seal or NoEncryption())


def test_read__pem_in_any_order__puts_the_leaf_first(made):
    leaf, authority = x509.load_pem_x509_certificates(made.chain.read_bytes())
    turned = b"".join(one.public_bytes(Encoding.PEM) for one in (authority, leaf))
    pair = read_given(now=now(), **given(made, chain=turned))
    assert pair.chain_pem.encode() == made.chain.read_bytes() and not pair.is_self_signed
    assert pair.names == ("mail.acme.example", "192.0.2.1") and "test CA" in pair.issuer


def test_read__key_among_the_certificates_or_with_a_password(made):
    key = load_pem_private_key(made.key.read_bytes(), None)
    both = made.key.read_bytes() + made.chain.read_bytes()
    assert read_given(now=now(), chain=both).key_pem.encode() == made.key.read_bytes()
    locked = as_pem(key, BestAvailableEncryption(b"opensesame"))
    pair = read_given(now=now(), **given(made, key=locked, password="opensesame"))
    assert pair.key_pem.encode() == made.key.read_bytes()
    for password, words in (("", "has a password: enter it"), ("wrong", "not its own")):
        with pytest.raises(BadCertificate, match=words):
            read_given(now=now(), **given(made, key=locked, password=password))


def test_read__pkcs12__is_the_same(made):
    pair = read_given(now=now(), archive=archive(made), password="secret")
    assert pair.chain_pem.encode() == made.chain.read_bytes()
    for data in (archive(made, b"other"), b"\x30\x82nonsense", b""):
        with pytest.raises(BadCertificate):
            pem.read_pkcs12(data, password="secret", now=now())


def test_read__key_of_another_certificate__is_refused(made, authority):
    other = authority.issue("other.example")
    with pytest.raises(BadCertificate, match="not that of any"):
        read_given(now=now(), **given(made, key=other.key.read_bytes()))


def test_read__expired__is_refused(authority):
    with pytest.raises(BadCertificate, match="expired on"):
        read_given(now=now(), **given(authority.issue("old.example", days=-1)))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (b"", "can't be read"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "can't be read"),
        (as_pem(ed25519.Ed25519PrivateKey.generate()), "neither RSA nor elliptic-curve"),
        (as_pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),
        (b"x" * 20_000, "longer than any"),
    ],
    ids=["none", "broken", "ed25519", "weak", "long"],
)
def test_read__key_that_will_not_do__is_refused(made, key, words):
    with pytest.raises(BadCertificate, match=words):
        pem.read_pem(made.chain.read_bytes(), key, now=now())


@pytest.mark.parametrize("chain", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----"])
def test_read__no_certificate__is_refused(made, chain):
    with pytest.raises(BadCertificate, match="no certificate in PEM"):
        pem.read_pem(chain, made.key.read_bytes(), now=now())


def test_sealed__only_the_password_opens_it(made):
    sealed = pem.sealed(made.key.read_text(), "deadbeef")
    assert load_pem_private_key(sealed, b"deadbeef")
    with pytest.raises(ValueError):
        load_pem_private_key(sealed, b"deadbeee")


def test_make_request__names_hosts_and_addresses():
    text = pem.make_request(ec.generate_private_key(ec.SECP256R1()), ["mail.acme.example", "192.0.2.1"], "Acme")
    request = x509.load_pem_x509_csr(text.encode())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert request.is_signature_valid and names.get_values_for_type(x509.DNSName) == ["mail.acme.example"]
    assert request.subject.rfc4514_string() == "O=Acme,CN=mail.acme.example"
