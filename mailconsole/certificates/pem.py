"""Reading and making certificates, keys and requests. Pure, but for new keys; nothing here keeps anything."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12
from cryptography.x509.oid import NameOID

from mailconsole.certificates.refusals import BadCertificate
from transport.rules.host_names import names_in

MAX_CHAIN = 256 * 1024
MAX_KEY = 16 * 1024
MAX_CERTIFICATES = 10
RSA_BITS = range(2048, 8193)
NEW_RSA_BITS = 3072
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key: the leaf first in ``chain_pem``, then who signed it."""

    chain_pem: str
    key_pem: str = field(repr=False)
    names: tuple[str, ...]
    subject: str
    issuer: str
    is_self_signed: bool
    not_before: datetime
    not_after: datetime
    fingerprint: str


def check_lengths(*, chain: bytes = b"", key: bytes = b"", archive: bytes = b"") -> None:
    """Before anything looks into them. Raises BadCertificate."""
    if len(chain) > MAX_CHAIN or len(key) > MAX_KEY or len(archive) > MAX_CHAIN:
        raise BadCertificate("That is longer than any certificate with its key.")


def read_pem(chain: bytes, key: bytes, *, password: str = "", now: datetime) -> Pair:
    """Certificates in any order and the key of one of them, both in PEM. Raises BadCertificate."""
    check_lengths(chain=chain, key=key)
    try:
        found = x509.load_pem_x509_certificates(chain)
    except ValueError:
        raise BadCertificate("There is no certificate in PEM: it begins with -----BEGIN CERTIFICATE-----.") from None
    return pair_of(found, read_key(key, password=password), now=now)


def read_pkcs12(data: bytes, *, password: str = "", now: datetime) -> Pair:
    """A .pfx or .p12 file. Raises BadCertificate."""
    check_lengths(archive=data)
    try:
        key, leaf, others = pkcs12.load_key_and_certificates(data, password.encode() or None)
    except (ValueError, UnsupportedAlgorithm):
        raise BadCertificate("The file is no PKCS#12 archive, or the password is not its own.") from None
    if leaf is None or not isinstance(key, Key):
        raise BadCertificate("The archive holds no certificate with an RSA or elliptic-curve key.")
    return pair_of([leaf, *others], key, now=now)


def read_key(text: bytes, *, password: str = "") -> Key:
    """A private key in PEM. Raises BadCertificate."""
    try:
        key = serialization.load_pem_private_key(text, password.encode() or None)
    except TypeError:
        words = "has a password: enter it" if not password else "has no password: leave that empty"
        raise BadCertificate(f"The key {words}.") from None
    except (ValueError, UnsupportedAlgorithm):
        wrong = ", or the password is not its own" if password else ""
        raise BadCertificate(f"The key can't be read: it is not a private key in PEM{wrong}.") from None
    if not isinstance(key, Key):
        raise BadCertificate("The key is neither RSA nor elliptic-curve.")
    return key


def pair_of(certificates: Sequence[x509.Certificate], key: Key, *, now: datetime) -> Pair:
    """The one that is the key's, with those that signed it. Raises BadCertificate."""
    if len(certificates) > MAX_CERTIFICATES:
        raise BadCertificate(f"There are more than {MAX_CERTIFICATES} certificates.")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size not in RSA_BITS:
        raise BadCertificate(f"The key has {key.key_size} bits; RSA keys have {RSA_BITS[0]} to {RSA_BITS[-1]} here.")
    leaf = next((one for one in certificates if _is_of(one, key)), None)
    if leaf is None:
        raise BadCertificate("The key is not that of any of the certificates.")
    if leaf.not_valid_after_utc <= now:
        raise BadCertificate(f"The certificate expired on {leaf.not_valid_after_utc:%Y-%m-%d}.")
    if not names_in(leaf):
        raise BadCertificate("The certificate names no host.")
    chain = _chain(leaf, [one for one in certificates if one != leaf])
    return Pair(
        chain_pem="".join(one.public_bytes(Encoding.PEM).decode("ascii") for one in chain),
        key_pem=key_text(key),
        names=names_in(leaf),
        subject=leaf.subject.rfc4514_string(),
        issuer=leaf.issuer.rfc4514_string(),
        is_self_signed=leaf.issuer == leaf.subject,
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
    )


def _is_of(certificate: x509.Certificate, key: Key) -> bool:
    try:
        return _public(certificate.public_key()) == _public(key.public_key())
    except (ValueError, UnsupportedAlgorithm):
        return False


def _public(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined,no-any-return]


def _chain(leaf: x509.Certificate, others: list[x509.Certificate]) -> list[x509.Certificate]:
    """Each after the one that it signed (RFC 8446 4.4.2); what signed none of them is left out."""
    chain = [leaf]
    while (above := next((one for one in others if one.subject == chain[-1].issuer), None)) is not None:
        chain.append(above)
        others.remove(above)
    return chain


def key_text(key: Key) -> str:
    """The key as the store keeps it, which encrypts it."""
    return key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(
        "ascii"
    )


def sealed(key_pem: str, password: str) -> bytes:
    """The key as it lies on a node: only ``password`` opens it."""
    key = serialization.load_pem_private_key(key_pem.encode("ascii"), None)
    seal = serialization.BestAvailableEncryption(password.encode())
    return key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, seal)


def new_key(*, is_rsa: bool) -> Key:
    if is_rsa:
        return rsa.generate_private_key(public_exponent=65537, key_size=NEW_RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def make_request(key: Key, names: Sequence[str], organization: str = "") -> str:
    """A certificate signing request (RFC 2986) for host names and addresses; the first is the common name."""
    common = [x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]
    ours = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization[:64])] if organization else []
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([*common, *ours]))
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return request.public_bytes(Encoding.PEM).decode("ascii")


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
