"""What each kind of reply means in each phase, and that hostile text stays text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.model.outcome import OutcomeKind, Phase
from transport.model.reply import Reply
from transport.rules import replies
from transport.rules.replies import MAX_TEXT_CHARACTERS, InvalidReply, Meaning, Scope, meaning, parse, said

D, T, F = OutcomeKind.DELIVERED, OutcomeKind.DEFERRED, OutcomeKind.FAILED


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        (b"250 2.1.5 ok\r", Reply(250, "2.1.5", "ok")),
        (b"250\r", Reply(250, "", "")),
        (b"250 \r", Reply(250, "", "")),
        (b"250", Reply(250, "", "")),
        (b"250 ok", Reply(250, "", "ok")),
        (b"550-5.1.1 no such user\n550 5.1.1 really", Reply(550, "5.1.1", "no such user\nreally")),
        (b"550 2.1.5 mismatched class", Reply(550, "", "2.1.5 mismatched class")),
        (b"550 5.1.1", Reply(550, "5.1.1", "")),
        (b"354 go", Reply(354, "", "go")),
        ("220 päivää".encode(), Reply(220, "", "päivää")),
        (b"250 \xff\xfe", Reply(250, "", "\ufffd\ufffd")),
        ("550 a\u202eb\u200bc\x1b[31m\x00".encode(), Reply(550, "", "abc[31m")),
    ],
)
def test_parse(raw, reply):
    assert replies.parse(raw) == reply


@pytest.mark.parametrize("raw", [b"", b"25", b"hello world", b"150 no", b"650 no", b"\x00\x00\x00", b"2 5 0"])
def test_parse__garbage__is_refused_with_bounded_text(raw):
    with pytest.raises(InvalidReply) as refused:
        replies.parse(raw + b"x" * 10_000)
    assert len(str(refused.value)) < 200


ODD = [b"4.7.1 no", b"2.0.0 ", b"5.9999.1 x", "\u202egnp.exe".encode(), b"\x00\x1b[2J", b"z" * 3000]
OCTETS = st.binary(max_size=40) | st.sampled_from(ODD)
ANY_REPLY = st.builds(
    lambda code, lines: b"".join(code + b"-" + one + b"\r\n" for one in lines[:-1]) + code + b" " + lines[-1] + b"\r\n",
    st.sampled_from([b"250", b"354", b"421", b"452", b"550", b"199", b"9x9"]) | st.binary(min_size=3, max_size=3),
    st.lists(OCTETS, min_size=1, max_size=60),
)  # fmt: skip


@given(ANY_REPLY | st.binary(max_size=60), st.sampled_from(Phase), st.booleans())
def test_any_octets__are_a_bounded_reply_in_plain_text_or_none__and_a_no_is_never_taken_for_a_yes(raw, phase, is_first):
    try:
        reply = parse(raw)
    except InvalidReply as error:
        assert str(error).isprintable() and len(str(error)) < 200
        return
    assert 200 <= reply.code < 600 and len(reply.text) <= MAX_TEXT_CHARACTERS
    assert all(one == "\n" or unicodedata.category(one)[0] != "C" for one in reply.text)
    assert not reply.enhanced or reply.enhanced[0] == str(reply.code)[0]
    if meaning(reply, phase, is_somebody_accepted=is_first).kind is OutcomeKind.DELIVERED:
        assert reply.code < 400


@given(ANY_REPLY)
def test_said__of_any_line__is_what_is_parsed_of_it(raw):
    line = raw[: raw.index(b"\n")]
    try:
        parsed = str(parse(line))
    except InvalidReply:
        with pytest.raises(InvalidReply):
            said(line)
    else:
        assert said(line) == parsed


def test_parse__endless_text__is_bounded():
    reply = replies.parse(b"\n".join(b"550-" + b"x" * 500 for _ in range(1000)))
    assert len(reply.text) <= replies.MAX_TEXT_CHARACTERS


@pytest.mark.parametrize(
    ("code", "phase", "kind", "scope"),
    [
        (250, Phase.MAIL, D, Scope.TRANSACTION),
        (250, Phase.RCPT, D, Scope.RECIPIENT),
        (251, Phase.RCPT, D, Scope.RECIPIENT),
        (252, Phase.RCPT, D, Scope.RECIPIENT),
        (354, Phase.DATA, D, Scope.TRANSACTION),
        (250, Phase.DATA, T, Scope.CONNECTION),
        (354, Phase.DOT, T, Scope.CONNECTION),
        (354, Phase.RCPT, T, Scope.CONNECTION),
        (250, Phase.DOT, D, Scope.TRANSACTION),
        (450, Phase.MAIL, T, Scope.TRANSACTION),
        (451, Phase.RCPT, T, Scope.RECIPIENT),
        (452, Phase.RCPT, T, Scope.RECIPIENT),
        (552, Phase.RCPT, T, Scope.RECIPIENT),
        (552, Phase.DOT, F, Scope.TRANSACTION),
        (550, Phase.MAIL, F, Scope.TRANSACTION),
        (550, Phase.RCPT, F, Scope.RECIPIENT),
        (554, Phase.DATA, F, Scope.TRANSACTION),
        (554, Phase.DOT, F, Scope.TRANSACTION),
        (530, Phase.MAIL, T, Scope.CONNECTION),
        (535, Phase.AUTH, T, Scope.CONNECTION),
        (554, Phase.BANNER, T, Scope.CONNECTION),
        (521, Phase.BANNER, F, Scope.CONNECTION),
        (550, Phase.EHLO, T, Scope.CONNECTION),
        (454, Phase.TLS, T, Scope.CONNECTION),
        (334, Phase.AUTH, D, Scope.CONNECTION),
    ],
)
def test_meaning(code, phase, kind, scope):
    assert replies.meaning(Reply(code, "", ""), phase) == Meaning(kind, scope)


@pytest.mark.parametrize("phase", [p for p in Phase if p is not Phase.ROUTING])
def test_421__ends_the_connection_whenever_it_comes(phase):
    assert replies.meaning(Reply(421, "4.3.2", "bye"), phase) == Meaning(T, Scope.CONNECTION)


@pytest.mark.parametrize(
    ("code", "enhanced", "is_somebody_accepted", "expected"),
    [
        (452, "", True, Meaning(T, Scope.RECIPIENT, is_too_many=True)),
        (452, "4.5.3", True, Meaning(T, Scope.RECIPIENT, is_too_many=True)),
        (552, "", True, Meaning(T, Scope.RECIPIENT, is_too_many=True)),
        (452, "4.5.3", False, Meaning(T, Scope.RECIPIENT)),
        (452, "4.2.2", True, Meaning(T, Scope.RECIPIENT)),
        (552, "5.2.2", True, Meaning(F, Scope.RECIPIENT)),
    ],
)
def test_too_many_recipients__only_after_one_was_accepted(code, enhanced, is_somebody_accepted, expected):
    reply = Reply(code, enhanced, "")
    assert replies.meaning(reply, Phase.RCPT, is_somebody_accepted=is_somebody_accepted) == expected


def test_sentences__every_scope_has_one():
    assert all(scope.sentence.endswith(".") for scope in Scope)
