"""The default gateways, as the system's tables tell them."""

from transport.gateways import gateways

ROUTES_4 = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
ROUTES_6 = f"""{"0" * 32} 00 {"0" * 32} 00 fe80{"0" * 27}1 00000400 00000001 00000000 00000003 eth0
fe80{"0" * 28} 40 {"0" * 32} 00 {"0" * 32} 00000100 00000001 00000000 00000001 eth0
"""


def test_gateways__default_routes_alone(tmp_path):
    (tmp_path / "4").write_text(ROUTES_4)
    (tmp_path / "6").write_text(ROUTES_6)
    assert gateways(tmp_path / "4", tmp_path / "6") == ("192.0.2.1", "fe80::1")


def test_gateways__not_told__are_none(tmp_path):
    assert gateways(tmp_path / "4", tmp_path / "6") == ()
