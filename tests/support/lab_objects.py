"""Objects of a test's own in the lab's Active Directory, made as its administrator and removed afterwards."""

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

import ldap3
from ldap3 import MODIFY_REPLACE

from tests.support.lab import PASSWORD, LabAd

_TREE_DELETE = ("1.2.840.113556.1.4.805", True, None)
_NORMAL_ACCOUNT, _DISABLED = 512, 2


class LabUnit:
    """An organizational unit below which a test does what it likes."""

    def __init__(self, raw: Any, dn: str) -> None:
        self._raw = raw
        self.dn = dn
        self.tag = dn.partition(",")[0].partition("=")[2].lower()

    def dn_of(self, name: str) -> str:
        return f"CN={name} {self.tag},{self.dn}"

    def address_of(self, name: str) -> str:
        return f"{name}.{self.tag}@acme.example"

    def add_user(self, name: str, *, password: str = "", **attributes: Any) -> str:
        values = {
            "sAMAccountName": f"{name}.{self.tag}"[:20],
            "userPrincipalName": f"{name}.{self.tag}@corp.example",
            "displayName": name.title(),
            "proxyAddresses": [f"SMTP:{self.address_of(name)}"],
            "mail": self.address_of(name),
        } | attributes
        self.add(name, "user", {key: value for key, value in values.items() if value is not None})
        if password:
            self.change(name, unicodePwd=f'"{password}"'.encode("utf-16-le"))
            self.change(name, userAccountControl=_NORMAL_ACCOUNT)
        return self.dn_of(name)

    def add_group(self, name: str, *members: str, **attributes: Any) -> str:
        address = self.address_of(name)
        values = {"sAMAccountName": f"{name}.{self.tag}"[:60], "proxyAddresses": [f"SMTP:{address}"], "mail": address}
        listed = {"member": [self.dn_of(member) for member in members]} if members else {}
        self.add(name, "group", values | listed | attributes)
        return self.dn_of(name)

    def add(self, name: str, object_class: str, attributes: dict[str, Any]) -> None:
        self._do(self._raw.add(self.dn_of(name), object_class, attributes))

    def change(self, name: str, **attributes: Any) -> None:
        changes = {
            key: [(MODIFY_REPLACE, [] if value is None else value if isinstance(value, list) else [value])]
            for key, value in attributes.items()
        }
        self._do(self._raw.modify(self.dn_of(name), changes))

    def disable(self, name: str) -> None:
        self.change(name, userAccountControl=_NORMAL_ACCOUNT | _DISABLED)

    def rename(self, name: str, new: str) -> None:
        self._do(self._raw.modify_dn(self.dn_of(name), f"CN={new} {self.tag}"))

    def add_unit(self, name: str) -> str:
        dn = f"OU={name},{self.dn}"
        self._do(self._raw.add(dn, "organizationalUnit"))
        return dn

    def move(self, dn: str, into: str) -> str:
        name = dn.partition(",")[0]
        self._do(self._raw.modify_dn(dn, name, new_superior=into))
        return f"{name},{into}"

    def delete(self, name: str) -> None:
        self._do(self._raw.delete(self.dn_of(name)))

    def _do(self, is_done: bool) -> None:
        assert is_done, self._raw.result


@contextlib.contextmanager
def lab_unit(lab_ad: LabAd) -> Iterator[LabUnit]:
    tls = ldap3.Tls(validate=2, ca_certs_data=lab_ad.ca_path.read_text(), valid_names=["dc1.corp.example"])
    server = ldap3.Server("127.0.0.10", port=636, use_ssl=True, tls=tls, get_info=ldap3.NONE)
    raw = ldap3.Connection(server, user=lab_ad.administrator.user, password=PASSWORD)
    assert raw.bind(), raw.result
    dn = f"OU=t{secrets.token_hex(4)},{lab_ad.base}"
    assert raw.add(dn, "organizationalUnit"), raw.result
    try:
        yield LabUnit(raw, dn)
    finally:
        raw.delete(dn, controls=[_TREE_DELETE])
        raw.unbind()
