"""Arguments of MAIL and RCPT: whatever is said, it is read or refused, and what was not offered is not taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.listener import connector
from transport.listener.parameters import Refused, extensions_of, parse_mail, parse_rcpt
from transport.model.envelope import BodyType

ALL = extensions_of(connector(permission_groups=("AnonymousUsers", "ExchangeUsers")), is_tls=True)
WORDS = st.sampled_from(
    [
        "FROM:",
        "TO:",
        "from:",
        " ",
        "<",
        ">",
        "<a@x.example>",
        "<>",
        "<Postmaster>",
        '<"a>b"@x>',
        "SIZE=1",
        "SIZE=99999999999999999999",
        "BODY=8BITMIME",
        "BODY=BINARYMIME",
        "SMTPUTF8",
        "REQUIRETLS",
        "RET=FULL",
        "ENVID=a+2B",
        "ENVID=+",
        "AUTH=<>",
        "NOTIFY=NEVER",
        "NOTIFY=SUCCESS,FAILURE",
        "ORCPT=rfc822;a+40x",
        "=",
        "X=Y",
        "ä",
        "\t",
        "\0",
    ]
)
ARGUMENTS = st.one_of(
    st.text(max_size=60), st.lists(WORDS, max_size=8).map("".join), st.lists(WORDS, max_size=8).map(" ".join)
)


@given(ARGUMENTS)
def test_any_argument__is_read_or_refused(argument):
    for parse in (lambda: parse_mail(argument, ALL), lambda: parse_rcpt(argument, ALL, True)):
        try:
            given_ = parse()
        except Refused as refused:
            assert refused.reply.is_permanent and refused.reply.enhanced.startswith("5.")
        else:
            assert "<" in argument and "\0" not in str(given_)


@given(ARGUMENTS)
def test_nothing_offered__no_parameter_is_taken(argument):
    try:
        said = parse_mail(argument, frozenset())
    except Refused:
        return
    assert (said.size_bytes, said.body_type, said.ret, said.envid) == (0, BodyType.SEVEN_BIT, "", "")
    assert not said.is_smtputf8 and not said.requires_tls and said.sender.is_ascii


@pytest.mark.parametrize(
    ("is_tls", "is_enabled", "is_offered"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_requiretls__only_over_tls_and_where_enabled(is_tls, is_enabled, is_offered):
    offered = extensions_of(connector(is_requiretls_enabled=is_enabled), is_tls=is_tls)
    assert ("REQUIRETLS" in offered) is is_offered
    if is_offered:
        assert parse_mail("FROM:<a@x.example> REQUIRETLS", offered).requires_tls
    else:
        with pytest.raises(Refused, match="555"):
            parse_mail("FROM:<a@x.example> REQUIRETLS", offered)
