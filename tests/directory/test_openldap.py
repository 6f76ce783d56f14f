"""OpenLDAP as a source: other attribute names, no GUIDs in references, no count of changes."""

import socket
import subprocess
import time
from pathlib import Path

import pytest

from directory.check import check_source
from directory.errors import BadCredentials
from directory.explain_mapping import explain_entry
from directory.model import RecipientKind
from directory.naming import base_dn_of
from directory.settings import Security, Server, SourceSettings
from directory.sign_in import check_password
from directory.snapshot import Snapshot
from directory.snapshot_writer import publish
from directory.source import read, read_all
from directory.staging import Staging

pytestmark = pytest.mark.needs("slapd")
BASE = "dc=acme,dc=example"
NAMES = (
    ("objectGUID", "entryUUID"), ("proxyAddresses", "mailLocalAddress"), ("sAMAccountName", "uid"),
    ("displayName", "cn"), ("targetAddress", "mailRoutingAddress"),
)  # fmt: skip
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/misc.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {home}/pid
TLSCertificateFile {chain}
TLSCertificateKeyFile {key}
database mdb
suffix "{base}"
rootdn "cn=reader,{base}"
rootpw secret
directory {home}/data
"""
ENTRIES = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
o: Acme
dc: acme

dn: uid=anna,{BASE}
objectClass: inetOrgPerson
objectClass: inetLocalMailRecipient
uid: anna
cn: Anna Müller (Sales) *
sn: Anna
userPassword: anna-secret
mail: anna@acme.example
mailLocalAddress: anna@acme.example
mailLocalAddress: a.mueller@acme.example

dn: uid=ben,{BASE}
objectClass: inetOrgPerson
objectClass: inetLocalMailRecipient
uid: ben
cn: Ben
sn: Ben
mail: ben@acme.example
mailRoutingAddress: ben@cloud.example

dn: uid=nomail,{BASE}
objectClass: inetOrgPerson
uid: nomail
cn: Nobody
sn: Nobody

dn: cn=team,{BASE}
objectClass: groupOfNames
objectClass: inetLocalMailRecipient
cn: team
mailLocalAddress: team@acme.example
member: uid=anna,{BASE}
member: uid=BEN,{BASE}
member: uid=nomail,{BASE}
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory, authority):
    home, issued = tmp_path_factory.mktemp("slapd"), authority.issue("127.0.0.1")
    (home / "data").mkdir()
    configuration, entries = home / "slapd.conf", home / "entries.ldif"
    configuration.write_text(CONFIGURATION.format(home=home, chain=issued.chain, key=issued.key, base=BASE))
    entries.write_text(ENTRIES.strip() + "\n")
    subprocess.run(["/usr/sbin/slapadd", "-f", configuration, "-l", entries], check=True, capture_output=True)
    number = free_port()
    server = subprocess.Popen(["/usr/sbin/slapd", "-d", "0", "-f", configuration, "-h", f"ldaps://127.0.0.1:{number}"])
    try:
        wait_for(number)
        yield number
    finally:
        server.terminate()
        server.wait(timeout=10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.fixture
def settings(port, authority):
    return SourceSettings(
        servers=(Server("127.0.0.1", port),),
        base_dn=BASE,
        bind_user=f"cn=reader,{BASE}",
        bind_password="secret",
        security=Security.LDAPS,
        ca_pem=Path(authority.path).read_text(),
        search_filter="(|(mail=*)(mailLocalAddress=*))",
        page_size=2,
        attribute_names=NAMES,
    )


def test_read_all__other_attribute_names__are_recipients_like_any(settings, tmp_path):
    found = {one.primary_address: one for one in read_all(settings).recipients}
    anna, ben, team = (found[f"{name}@acme.example"] for name in ("anna", "ben", "team"))
    assert (anna.display_name, anna.account_name) == ("Anna Müller (Sales) *", "anna")
    assert set(anna.addresses) == {"anna@acme.example", "a.mueller@acme.example"}
    assert ben.target_address == "ben@cloud.example"
    assert set(team.member_guids) == {anna.object_guid, ben.object_guid}
    assert team.members_without_address == 1
    publish(tmp_path, found.values(), read_at=0)
    snapshot = Snapshot.open(tmp_path)
    assert snapshot.find("team@acme.example").members == ("anna@acme.example", "ben@acme.example")
    snapshot.close()


def test_read__again__is_whole_each_time_as_it_counts_no_changes(settings):
    first = read_all(settings)
    assert first.position is None

    class Known:
        def guids(self):
            return set()

        def dynamic_groups(self):
            return []

    again = read(settings, Staging.in_memory(), since={"x": 1}, known=Known())
    assert (again.is_whole, again.why_whole) == (True, "This directory does not count its changes.")


def test_base_dn_of__no_default_context__is_its_first_one(settings):
    assert base_dn_of(settings) == BASE


def test_check_source__every_step_works_and_says_what_it_is(settings):
    steps = [step for _, step in check_source(settings)]
    assert all(step.is_ok for step in steps), steps
    assert "no Active Directory" in steps[-2].text
    assert "3 objects" in steps[-1].text


def test_explain_entry__names_both_attributes(settings):
    anna = next(one for one in read_all(settings).recipients if one.account_name == "anna")
    explained = explain_entry(settings, anna.object_guid)
    became = {one.theirs: (one.ours, one.field) for one in explained.attributes}
    assert became["mailLocalAddress"] == ("proxyAddresses", "addresses")
    assert RecipientKind.MAILBOX.value in {one.became for one in explained.attributes}


@pytest.mark.parametrize("name", ["anna", "a.mueller@acme.example", "anna@acme.example"])
def test_check_password__by_its_own_attributes__says_who_it_is(settings, name):
    assert check_password(settings, name=name, password="anna-secret").dn == f"uid=anna,{BASE}"


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("*", "anna-secret"), ("a*", "anna-secret")])
def test_check_password__wrong_or_a_pattern__is_refused(settings, name, password):
    with pytest.raises(BadCredentials):
        check_password(settings, name=name, password=password)
