"""Who is asked to keep a copy, and in which order."""

from transport.config.objects import ShadowPreference
from transport.ports.node import Peer
from transport.shadow import peers

US = {"node": "b-1", "host": "b"}
LOCAL = Peer("b-2", "b", "127.0.0.1:1")
BEFORE, AFTER = Peer("a-1", "a", "a:1"), Peer("c-1", "c", "c:1")
LOOPBACK = Peer("d-1", "d", "127.0.0.1:1")
OURSELVES = Peer("b-1", "b", "127.0.0.1:2")
ALL = (LOCAL, BEFORE, AFTER, LOOPBACK, OURSELVES)


def asked(preference):
    return peers.in_order(ALL, **US, preference=preference)


def test_prefer_remote__other_machines_first_beginning_after_us():
    assert asked(ShadowPreference.PREFER_REMOTE) == [AFTER, BEFORE, LOCAL]


def test_remote_only__never_on_this_machine():
    assert asked(ShadowPreference.REMOTE_ONLY) == [AFTER, BEFORE]


def test_local_only__never_on_another_machine():
    assert asked(ShadowPreference.LOCAL_ONLY) == [LOCAL]


def test_keep__is_read_again__and_a_broken_file_is_nobody(tmp_path):
    path = tmp_path / "peers.json"
    assert peers.read(path) == ()
    peers.keep(path, [BEFORE, LOCAL])
    assert peers.read(path) == (BEFORE, LOCAL)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("[{")
    assert peers.read(path) == ()
