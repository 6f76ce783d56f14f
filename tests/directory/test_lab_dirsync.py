"""DirSync against the lab's Active Directory: what it tells, to whom, and what is done where it is not to be had."""

import contextlib
from dataclasses import replace

import pytest

from directory import dirsync
from directory.check import check_source
from directory.connection import Connection, DirSyncPage
from directory.entry import Entry
from directory.errors import CookieRefused, DirSyncRefused, SearchFailed
from directory.model import ChangesBy, Position
from directory.settings import Server, SourceSettings
from directory.source import read, read_all
from directory.staging import Staging
from tests.directory.test_lab_changes import Told
from tests.support.lab_objects import lab_unit

pytestmark = pytest.mark.needs("lab-ad")


@pytest.fixture
def unit(lab_ad):
    with lab_unit(lab_ad) as made:
        yield made


@pytest.fixture
def settings(lab_ad, unit):
    return SourceSettings(
        servers=(Server("127.0.0.11", 636),),
        base_dn=unit.dn,
        bind_user=lab_ad.dirsync.user,
        bind_password=lab_ad.dirsync.password,
        ca_pem=lab_ad.ca_path.read_text(),
    )


@contextlib.contextmanager
def opened(settings, user=None):
    name = user or settings.bind_user
    with Connection.open(settings, settings.servers[0], user=name, password=settings.bind_password) as one:
        yield one


def names_of(connection, guids):
    return {connection.read(f"<GUID={guid}>", ("displayName",)).text("displayName") for guid in guids}


@pytest.mark.parametrize("user", ["svc-mailflow", "svc-dirsync"])
def test_told_since__tells_changes_of_what_is_read_or_filtered_by_and_of_nothing_else(settings, unit, user):
    for name in ("anna", "ben", "cleo"):
        unit.add_user(name)
    with opened(settings, f"{user}@corp.example") as one:
        begun = dirsync.begin(one)
        unit.change("anna", mail=None, proxyAddresses=None)
        unit.change("ben", description="nobody reads this")
        unit.change("cleo", info="Sales")
        told = dirsync.told_since(one, begun.cookie, settings.search_filter)
        assert names_of(one, told.changed) == {"Anna"}
        told = dirsync.told_since(one, begun.cookie, "(&(mail=*)(!( info=IT)))")
        assert names_of(one, told.changed) == {"Anna", "Cleo"}
        assert not (begun.changed or begun.deleted or told.moved or told.deleted)


@pytest.mark.parametrize(("user", "is_told"), [("svc-mailflow", False), ("svc-dirsync", True)])
def test_told_since__deletion__is_told_to_who_may_see_it_and_else_known_not_to_be(settings, unit, user, is_told):
    unit.add_user("anna")
    with opened(settings, f"{user}@corp.example") as one:
        guid = one.read(unit.dn_of("anna"), ("objectGUID",)).guid("objectGUID")
        begun = dirsync.begin(one)
        unit.delete("anna")
        told = dirsync.told_since(one, begun.cookie)
    assert (told.tells_deleted, sorted(told.deleted)) == (is_told, [guid] if is_told else [])
    assert guid not in told.changed


def test_read__unit_moves_into_the_base_and_out_again__takes_those_below_it_along(settings, unit):
    inside, outside = unit.add_unit("inside"), unit.add_unit("outside")
    unit.add_user("anna")
    unit.move(unit.dn_of("anna"), outside)
    below = replace(settings, base_dn=inside)
    told = Told(read_all(below))
    assert told.guids() == set()
    outside = unit.move(outside, inside)
    reading, changed = told.next(below)
    assert set(changed) == {"Anna"}
    told.apply(reading)
    unit.move(outside, unit.dn)
    reading, _ = told.next(below)
    assert set(reading.gone) & told.guids() == told.guids() != set()


def test_read__member_of_a_large_group__is_read_with_the_whole_group(settings, unit):
    unit.add_user("anna")
    unit.add_user("ben")
    unit.add_group("team", "anna")
    told = Told(read_all(settings))
    unit.change("team", member=[unit.dn_of("anna"), unit.dn_of("ben")])
    _, changed = told.next(settings)
    assert [len(one.member_guids) for one in changed.values()] == [2]


def test_read__cookie_is_refused__reads_everything_and_says_why(settings, unit):
    unit.add_user("anna")
    told = Told(read_all(settings))
    spoilt = dict.fromkeys(told.cookies, b"no cookie")
    reading = read(settings, Staging.in_memory(), since=told.since, cookies=spoilt, known=told)
    assert (reading.is_whole, reading.next_by, len(reading.recipients)) == (True, ChangesBy.DIRSYNC, 1)
    assert reading.why_whole.startswith("The controller does not go on by DirSync from where it was: ")
    with opened(settings) as one, pytest.raises(CookieRefused):
        dirsync.told_since(one, b"no cookie")


def test_read__another_controller_answers_by_the_same_name__counts(settings, unit, monkeypatch):
    """Its cookie would be ahead of what the first one knows: what is not replicated yet would be passed over."""
    unit.add_user("anna")
    told, really = Told(read_all(settings)), Connection.of_reader
    opened: list[str] = []

    @contextlib.contextmanager
    def of_another(settings, server):
        with really(settings, server) as own:
            if opened:
                elsewhere = Position("11111111-1111-1111-1111-111111111111", 9_999_999)
                monkeypatch.setattr(own, "position", lambda: elsewhere)
            opened.append(server)
            yield own

    monkeypatch.setattr(Connection, "of_reader", of_another)
    unit.change("anna", displayName="Anna B.")
    reading = read(settings, Staging.in_memory(), since=told.since, cookies=told.cookies, known=told)
    assert (reading.told_by, [one.display_name for one in reading.recipients]) == (ChangesBy.COUNT, ["Anna B."])
    assert "Several controllers answer as 127.0.0.11:636" in reading.why_not_dirsync


@pytest.mark.parametrize(("code", "words"), [(53, "DirSync is refused: No."), (None, "DirSync failed: No.")])
def test_read__dirsync_refused_or_breaking_off__counts_instead_and_goes_back_to_it(
    settings, unit, monkeypatch, code, words
):
    def refuse(*args):
        raise SearchFailed("No.", code=code)

    unit.add_user("anna")
    told = Told(read_all(settings))
    unit.change("anna", displayName="Anna B.")
    with monkeypatch.context() as refusing:
        refusing.setattr(Connection, "dirsync_page", refuse)
        reading = read(settings, Staging.in_memory(), since=told.since, cookies=told.cookies, known=told)
        said = (reading.is_whole, reading.told_by, reading.next_by, reading.why_not_dirsync)
        assert said == (False, ChangesBy.COUNT, ChangesBy.COUNT, words)
        assert [one.display_name for one in reading.recipients] == ["Anna B."]
    told.cookies = {}
    reading = read(settings, Staging.in_memory(), since=told.since, cookies={}, known=told)
    assert (reading.told_by, reading.next_by) == (ChangesBy.COUNT, ChangesBy.DIRSYNC)
    assert reading.position.cookie


def test_check_source__changes__says_by_what_they_are_told(settings, lab_ad):
    for user, words in ((lab_ad.dirsync.user, "are told by DirSync"), (lab_ad.reader.user, "all objects are listed")):
        steps = [step for _, step in check_source(replace(settings, base_dn=lab_ad.base, bind_user=user))]
        assert [words in step.text for step in steps if step.title == "Changes"] == [True]


@pytest.mark.parametrize(
    "more",
    [{"base_dn": "CN=Sites,CN=Configuration,DC=corp,DC=example"}, {"servers": (Server("127.0.0.10", 3269),)}],
)
def test_read__more_than_the_controllers_own_domain__counts(settings, more):
    reading = read_all(replace(settings, **more))
    assert (reading.next_by, reading.position.cookie) == (ChangesBy.COUNT, b"")
    assert "own domain alone" in reading.why_not_dirsync


class Scripted:
    """A controller that tells in pieces, as Windows does; the lab's Samba gives everything at once."""

    server = "dc1:636"

    def __init__(self, *pages):
        self.pages = list(pages)

    def dirsync_page(self, attributes, search_filter, control):
        return self.pages.pop(0)

    def root_dse(self):
        return Entry("", {})


def page(number, cookie, *, is_more=True, **attributes):
    values = {"objectguid": [bytes([number]) * 16]} | {name: [value] for name, value in attributes.items()}
    return DirSyncPage([Entry("", values)], cookie, is_more)


def test_told_since__in_pieces__takes_them_all_and_the_last_cookie():
    pages = (page(1, b"1", name=b"Anna"), page(2, b"2"), page(2, b"3", is_more=False, isdeleted=b"TRUE"))
    told = dirsync.told_since(Scripted(*pages), b"0")
    assert (len(told.changed), len(told.moved), len(told.deleted), told.cookie) == (1, 1, 1, b"3")


def test_told_since__round_in_a_circle__is_no_endless_loop():
    with pytest.raises(DirSyncRefused, match="offers no DirSync"):
        dirsync.told_since(Scripted(page(1, b"1"), page(1, b"1")), b"0")
