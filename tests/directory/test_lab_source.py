"""Against the lab's Active Directory with Windows' limits: 1000 entries an answer, 1500 values an attribute."""

from dataclasses import replace

import pytest

from directory import errors
from directory.check import check_source
from directory.model import RecipientKind, Severity
from directory.settings import Security, Server, SourceSettings
from directory.sign_in import check_password
from directory.snapshot import Snapshot
from directory.snapshot_writer import publish
from directory.source import read_all
from tests.directory.servers import cut_after, serving

pytestmark = pytest.mark.needs("lab-ad")

STRICT = "127.0.0.11"
# Not the account that everything else reads with: ten wrong passwords within a minute would lock it.
WRONG_PASSWORD = {"bind_user": "svc-nothing@corp.example", "bind_password": "wrong"}


@pytest.fixture(scope="module")
def settings(lab_ad):
    return SourceSettings(
        servers=(Server(STRICT, 636),),
        base_dn=lab_ad.base,
        bind_user=lab_ad.reader.user,
        bind_password=lab_ad.reader.password,
        ca_pem=lab_ad.ca_path.read_text(),
    )


@pytest.fixture(scope="module")
def result(settings):
    return read_all(settings)


@pytest.fixture(scope="module")
def by_address(result):
    return {recipient.primary_address: recipient for recipient in result.recipients}


def test_read_all__more_entries_than_one_answer_holds__reads_them_all(result):
    assert result.entries_read == len(result.recipients) > 1900
    assert result.position.usn > 0
    assert result.waited_s > 0


def test_read_all__group_of_1600__has_every_member(by_address):
    assert len(by_address["alumni@acme.example"].member_guids) == 1600


def test_read_all__dynamic_group__has_whoever_matches_its_filter(by_address):
    berliners = by_address["berliners@acme.example"]
    people = {recipient.object_guid: recipient for recipient in by_address.values()}
    assert len(berliners.member_guids) == 64
    assert all("OU=Berlin," in people[guid].dn for guid in berliners.member_guids)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("admin.anna@acme.example", RecipientKind.MAILBOX),
        ("info@acme.example", RecipientKind.SHARED_MAILBOX),
        ("room.k2@acme.example", RecipientKind.ROOM_MAILBOX),
        ("contact01@partner.example", RecipientKind.CONTACT),
        ("everybody@acme.example", RecipientKind.SECURITY_GROUP),
        ("board@acme.example", RecipientKind.DISTRIBUTION_GROUP),
        ("berliners@acme.example", RecipientKind.DYNAMIC_GROUP),
        ("announcements@acme.example", RecipientKind.PUBLIC_FOLDER),
    ],
)
def test_read_all__each_kind__is_known(by_address, address, kind):
    assert by_address[address].kind is kind


def test_read_all__awkward_names__arrive_as_they_are(by_address):
    assert by_address["awkward00@acme.example"].display_name == "Star * (Paren) \\ Back"
    assert by_address["awkward08@acme.example"].display_name == "山田 太郎"
    assert by_address["awkward11@acme.example"].display_name == "Emoji 📮 Post"
    assert len(by_address["awkward.all@acme.example"].member_guids) == 14


def test_read_all__odd_addresses__are_noted_and_never_stop_the_run(result, by_address):
    notes = {problem.dn for problem in result.recipients.problems() if problem.severity is Severity.NOTED}
    assert any(dn.startswith("CN=Odd 11 ") for dn in notes)
    assert len(by_address["odd13@acme.example"].addresses) == 251
    assert "odd12@acme.example" in by_address
    assert "deleted0@acme.example" not in by_address


def test_read_all__published__finds_conflicts_and_restrictions(tmp_path, result):
    published = publish(tmp_path, result.recipients, read_at=0)
    snapshot = Snapshot.open(tmp_path)
    found = {name: snapshot.find(f"{name}@Acme.Example") for name in ("Twice", "board", "alumni")}
    snapshot.close()
    assert [conflict.address for conflict in published.conflicts] == ["twice@acme.example"]
    assert found["Twice"] and found["Twice"].is_conflict
    assert found["board"] and found["board"].accept_from
    assert found["alumni"] and len(found["alumni"].members) == 1600


def test_read_all__starttls__reads_the_same(settings, result):
    starttls = replace(settings, security=Security.STARTTLS, servers=(Server(STRICT, 389),))
    assert len(read_all(starttls).recipients) == len(result.recipients)


def test_read_all__first_controller_is_down__takes_the_second(settings):
    two = replace(settings, servers=(Server(STRICT, 1), Server(STRICT, 636)))
    assert read_all(two).server == f"{STRICT}:636"


@pytest.mark.parametrize(
    ("more", "kind", "words"),
    [
        ({"ca_pem": None}, errors.CertificateRefused, "self-signed certificate"),
        ({"tls_name": "other.example"}, errors.CertificateRefused, "not valid for 'other.example'"),
        (WRONG_PASSWORD, errors.BadCredentials, "password is wrong"),
        ({"bind_password": ""}, errors.EmptyPassword, "never sent"),
        ({"base_dn": "DC=nowhere"}, errors.SearchFailed, "check the base DN"),
        ({"search_filter": "(mail=*"}, errors.SearchFailed, "filter"),
        ({"servers": (Server(STRICT, 1),)}, errors.ServerUnreachable, "nothing listens there"),
        ({"servers": (Server("nosuch.invalid", 636),)}, errors.ServerUnreachable, "cannot be resolved"),
        ({"servers": (Server(STRICT, 389),)}, errors.ServerUnreachable, "does not speak TLS"),
        (
            {"servers": (Server(STRICT, 389),), "security": Security.PLAIN, "allow_plain": True},
            errors.StrongerAuthRequired,
            "without TLS",
        ),
    ],
)
def test_read_all__cannot_be_reached_or_refuses__says_why_in_words(settings, more, kind, words):
    with pytest.raises(kind, match=words):
        read_all(replace(settings, **more))


@pytest.mark.parametrize(
    "name", ["admin.anna", "CORP\\admin.anna", "admin.anna@acme.example", "ADMIN.ANNA@ACME.EXAMPLE", "awkward00"]
)
def test_check_password__right__says_who_it_is(settings, lab_ad, name):
    assert check_password(settings, name=name, password=lab_ad.reader.password).object_guid


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("login.disabled", errors.AccountDisabled),
        ("login.mustchange", errors.PasswordMustChange),
        ("login.expired", errors.PasswordExpired),
        ("login.gone", errors.AccountExpired),
        ("login.hours", errors.LogonHoursRefused),
        ("login.locked", errors.AccountLocked),
        ("nobody", errors.BadCredentials),
        ("*", errors.BadCredentials),
        ("admin.*", errors.BadCredentials),
        ("x)(objectClass=*", errors.BadCredentials),
        ("twice@acme.example", errors.BadCredentials),
    ],
)
def test_check_password__not_to_be_let_in__is_refused_by_name(settings, lab_ad, name, kind):
    with pytest.raises(kind):
        check_password(settings, name=name, password=lab_ad.reader.password)


def test_check_password__empty__is_refused_though_the_controller_would_take_it(settings):
    with pytest.raises(errors.EmptyPassword):
        check_password(settings, name="admin.anna", password="")


def test_check_source__everything_right__every_step_is_ok(settings):
    steps = [step for _, step in check_source(settings)]
    assert [step.title for step in steps] == [
        "Name",
        "Connection",
        "TLS",
        "Sign-in",
        "Base DN",
        "Changes",
        "Recipients",
    ]
    assert all(step.is_ok for step in steps)


@pytest.mark.parametrize(
    ("more", "failing"),
    [
        ({"servers": (Server("nosuch.invalid", 636),)}, "Name"),
        ({"servers": (Server(STRICT, 1),)}, "Connection"),
        ({"ca_pem": None}, "TLS"),
        (WRONG_PASSWORD, "Sign-in"),
        ({"base_dn": "DC=nowhere"}, "Base DN"),
        ({"search_filter": "(mail=nobody)"}, "Recipients"),
    ],
)
def test_check_source__one_thing_wrong__fails_at_that_step_and_goes_no_further(settings, more, failing):
    steps = [step for _, step in check_source(replace(settings, **more))]
    assert [step.title for step in steps if not step.is_ok] == [failing]
    assert steps[-1].title == failing


def test_read_all__answer_breaks_off_half_way__is_none(settings):
    with serving(cut_after(200_000, (STRICT, 636))) as port, pytest.raises(errors.SearchFailed, match="broke off"):
        read_all(replace(settings, servers=(Server("127.0.0.1", port),), tls_name="strict.corp.example"))


def test_read_all__answer_breaks_off_half_way__the_next_controller_gives_it_whole(settings, result):
    with serving(cut_after(200_000, (STRICT, 636))) as port:
        servers = (Server("127.0.0.1", port), Server(STRICT, 636))
        again = read_all(replace(settings, servers=servers, tls_name="strict.corp.example"))
    assert again.server == f"{STRICT}:636"
    assert len(again.recipients) == len(result.recipients)


def test_read_all__attributes_of_people__stand_by_exchange_names_with_their_manager(tmp_path, settings):
    everybody = read_all(settings).recipients
    known = {one.object_guid: one for one in everybody}
    assert any(one.startswith("CustomAttribute1=CC-") for r in known.values() for one in r.attributes)
    (managed,) = [one for one in known.values() if one.manager_guid]
    publish(tmp_path, known.values(), read_at=0)
    told = Snapshot.open(tmp_path).attributes_of(managed.object_guid)
    assert f"Manager={known[str(managed.manager_guid)].primary_address}" in told
    assert any(one.startswith("Department=") for one in told)
