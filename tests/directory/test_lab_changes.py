"""Readings of changes, against the lab's Active Directory: what changed, what is gone, and when everything is read."""

from dataclasses import replace

import pytest

from directory.connection import Connection
from directory.delta import digest_of
from directory.errors import SearchFailed
from directory.model import ChangesBy
from directory.settings import Server, SourceSettings
from directory.source import read, read_all
from directory.staging import Staging
from tests.directory.servers import cut_after, serving
from tests.support.lab_objects import lab_unit

pytestmark = pytest.mark.needs("lab-ad")
STRICT = "127.0.0.11"


@pytest.fixture
def unit(lab_ad):
    with lab_unit(lab_ad) as made:
        yield made


@pytest.fixture(params=["svc-mailflow", "svc-dirsync"])
def account(request):
    """The first sees no deleted objects and may not replicate; the second does and may."""
    return request.param


@pytest.fixture(params=[ChangesBy.DIRSYNC, ChangesBy.COUNT])
def by(request):
    return request.param


@pytest.fixture
def settings(account, lab_ad, unit):
    """The first account reads a part of the domain, the second all of it."""
    everything = f"(&(mail=*)(|(mail=*.{unit.tag}@acme.example)(mail=admin.anna@acme.example)))"
    return SourceSettings(
        servers=(Server(STRICT, 636),),
        base_dn=unit.dn if account == "svc-mailflow" else lab_ad.base,
        bind_user=f"{account}@corp.example",
        bind_password=lab_ad.reader.password,
        ca_pem=lab_ad.ca_path.read_text(),
        search_filter=everything,
    )


class Told:
    """What is known after a reading, as the console's rows would say."""

    def __init__(self, reading, by=ChangesBy.DIRSYNC):
        self.recipients = {one.object_guid: one for one in reading.recipients}
        self.by, self.since, self.cookies = by, {}, {}
        self.go_on(reading.position)

    def go_on(self, position):
        self.since[position.invocation_id] = position.usn
        if self.by is ChangesBy.DIRSYNC:
            self.cookies[position.invocation_id] = position.cookie

    def guids(self):
        return set(self.recipients)

    def dynamic_groups(self):
        return [one for one in self.recipients.values() if one.kind.value == "dynamic_group"]

    def next(self, settings, **more):
        reading = read(settings, Staging.in_memory(), since=self.since, cookies=self.cookies, known=self, **more)
        assert (reading.is_whole, reading.told_by) == (False, self.by)
        return reading, {one.display_name: one for one in reading.recipients}

    def apply(self, reading):
        self.recipients |= {one.object_guid: one for one in reading.recipients}
        for guid in reading.gone:
            self.recipients.pop(guid, None)
        self.go_on(reading.position)


def test_read__changes__are_what_changed_and_nothing_else(settings, unit, by):
    unit.add_user("anna")
    unit.add_user("ben")
    told = Told(read_all(settings), by)
    reading, changed = told.next(settings)
    assert (changed, set(reading.gone) & told.guids()) == ({}, set())
    unit.rename("anna", "anna-maria")
    unit.change("ben", displayName="Ben, Jr. (*\\)")
    unit.add_user("cleo")
    reading, changed = told.next(settings)
    assert set(changed) == {"Anna", "Ben, Jr. (*\\)", "Cleo"}
    told.apply(reading)
    assert {one.object_guid: digest_of(one) for one in read_all(settings).recipients} == {
        guid: digest_of(one) for guid, one in told.recipients.items()
    }


def test_read__deleted_moved_out_of_the_filter_or_without_an_address__is_gone(settings, unit, by):
    for name in ("anna", "ben", "cleo"):
        unit.add_user(name)
    told = Told(read_all(settings), by)
    by_name = {one.display_name: one.object_guid for one in told.recipients.values()}
    unit.delete("anna")
    unit.change("ben", mail=None, proxyAddresses=None)
    reading, changed = told.next(settings)
    assert changed == {}
    assert set(reading.gone) & told.guids() == {by_name["Anna"], by_name["Ben"]}


def test_read__member_gets_an_address__the_group_leads_to_it_though_only_the_member_changed(settings, unit, by):
    unit.add_user("anna", mail=None, proxyAddresses=None)
    unit.add_user("ben")
    unit.add_group("team", "anna", "ben")
    told = Told(read_all(settings), by)
    address = unit.address_of("anna")
    unit.change("anna", mail=address, proxyAddresses=[f"SMTP:{address}"])
    reading, changed = told.next(settings)
    assert set(changed) == {"Anna"}
    told.apply(reading)
    team = next(one for one in told.recipients.values() if one.kind.is_group)
    assert set(team.member_guids) <= told.guids()


def test_read__dynamic_group__is_asked_again_when_anybody_changed(settings, unit, by):
    unit.add_user("anna")
    unit.add(
        "all", "msExchDynamicDistributionList",
        {"mail": unit.address_of("all"), "displayName": "All", "msExchDynamicDLFilter": f"(mail=*.{unit.tag}@*)",
         "msExchDynamicDLBaseDN": unit.dn},
    )  # fmt: skip
    told = Told(read_all(settings), by)
    unit.add_user("ben")
    _, changed = told.next(settings)
    assert len(changed["All"].member_guids) == len(told.recipients["" or changed["All"].object_guid].member_guids) + 1


def test_read__controller_never_read_before_or_restored__reads_everything_and_says_why(settings, unit):
    unit.add_user("anna")
    told = Told(read_all(settings))
    other = read(settings, Staging.in_memory(), since={"another": 1}, known=told)
    assert (other.is_whole, other.why_whole) == (True, "This controller's changes were never read before.")
    ahead = {name: usn + 1_000_000 for name, usn in told.since.items()}
    restored = read(settings, Staging.in_memory(), since=ahead, known=told)
    assert restored.is_whole
    assert "restored" in restored.why_whole


def test_read__broke_off__is_completed_later_with_what_changed_meanwhile(settings, unit, tmp_path):
    for number in range(12):
        unit.add_user(f"user{number}")
    small = replace(settings, page_size=2)

    def stop(entries_read):
        if entries_read >= 6:
            raise InterruptedError

    with Staging.on_disk(tmp_path / "staging") as staging, pytest.raises(InterruptedError):
        read(small, staging, progress=stop)
    unit.change("user0", displayName="Changed")
    unit.delete("user1")
    with Staging.on_disk(tmp_path / "staging") as staging:
        reading = read(small, staging)
        assert reading.is_completed
        assert {digest for _, digest in staging.digests()} == {digest_of(one) for one in read_all(small).recipients}


def test_read__changes_break_off_half_way__are_none(settings, unit, lab_ad):
    told = Told(read_all(settings), by)
    for number in range(30):
        unit.add_user(f"user{number}", info="x" * 800)
    with serving(cut_after(12_000, (STRICT, 636))) as port, pytest.raises(SearchFailed):
        cut = replace(settings, servers=(Server("127.0.0.1", port),), tls_name="strict.corp.example", page_size=5)
        read(cut, Staging.in_memory(), since=told.since, known=told)


def test_position__is_of_one_controller_and_goes_on(settings, unit):
    with Connection.open(
        settings, settings.servers[0], user=settings.bind_user, password=settings.bind_password
    ) as one:
        before = one.position()
        unit.add_user("anna")
        after = one.position()
    assert before.invocation_id == after.invocation_id
    assert after.usn > before.usn
