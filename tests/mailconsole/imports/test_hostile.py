"""Files that were made to break an import: each is refused by name or read in linear time, and stored as it is."""

from __future__ import annotations

import io
import json
import struct
import time
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from mailconsole.changes.models import Change
from mailconsole.imports.exchange.importer import import_exchange
from mailconsole.imports.exchange.kinds import read_objects
from mailconsole.imports.models import ImportReport
from mailconsole.imports.postfix.importer import import_postfix
from mailconsole.imports.postfix.main_cf import BadMainCf, read_main_cf
from mailconsole.imports.reading import files
from mailconsole.imports.reading.files import Source, opened
from mailconsole.imports.refusals import UnreadableFile
from tests.mailconsole.imports.kit import source
from tests.support.factories import create_editor, signed_in
from tests.support.pace import at_pace
from transport.config.document import initial_document

CLIXML = "<Objs><Obj RefId='0'><TN RefId='0'><T>Microsoft.AcceptedDomain</T></TN><MS>{}</MS></Obj></Objs>"


def clixml(members: str) -> Source:
    return source("a.xml", CLIXML.format(members))


def zipped(**given: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in given.items():
            made.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (clixml("<S N='Name'>a_xD83D__xDE00_b</S>"), "a😀b"),
        (clixml("<S N='Name'>a_xD83D_b_x0000_</S>"), "a\ufffdb\ufffd"),
        (
            source("a.json", '{"DomainName": 1, "DomainType": 1, "Name": "a\\ud83d\\ude00\\ud800b\\u0000"}'),
            "a😀\ufffdb\ufffd",
        ),
        (source("a.json", '{"DomainName": 1, "DomainType": 1, "Name": NaN}'), "nan"),
        (Source("a.csv", b"DomainName,DomainType,Name\n1,1,a\0b\n"), "a\ufffdb"),
    ],
)
def test_text__that_no_database_takes__is_made_one_that_it_does(given: Source, text: str):
    ((_, found),) = read_objects(given)
    assert found["Name"] == text


@pytest.mark.django_db
@pytest.mark.parametrize("escape", ["\\ud800", "\\u0000"])
def test_page__half_a_pair_or_nul_in_json__is_drafted_and_reported(escape: str):
    text = '[{"Name": "a%s", "DomainName": "a.example", "DomainType": "Authoritative", "Odd%s": "%s"}]'
    upload = SimpleUploadedFile("a.json", text.replace("%s", escape).encode())
    said = {"origin": "exchange", "owner": "x", "files": [upload]}
    assert signed_in(create_editor()).post(reverse("imports:new"), said).status_code == 302
    assert "\ufffd" in json.dumps(ImportReport.objects.get().lines, ensure_ascii=False)


@pytest.mark.django_db
def test_page__zip_that_unpacks_to_more_than_a_request_may_read__is_refused_and_the_command_reads_it():
    data = zipped(a=b"x" * (files.MAX_WEB_OCTETS // 2), b=b"x" * (files.MAX_WEB_OCTETS // 2 + 1))
    said = {"origin": "exchange", "owner": "x", "files": [SimpleUploadedFile("a.zip", data)]}
    answer = signed_in(create_editor()).post(reverse("imports:new"), said)
    assert answer.status_code == 422 and "./console config import" in answer.content.decode()
    assert not Change.objects.exists()
    assert len(opened([("a.zip", data)])) == 2


def test_zip__broken_within__is_refused_by_name():
    data = bytearray(zipped(name=b"abc" * 1000))
    data[40:45] = b"\xff" * 5
    with pytest.raises(UnreadableFile, match=r"a\.zip is no zip"):
        opened([("a.zip", bytes(data))])


def test_clixml__objects_that_refer_to_each_other_again_and_again__are_refused():
    level = "<Obj N='o' RefId='{}'><LST>{}</LST></Obj>"
    first = level.format(1, "<S>x</S>" * 10)
    more = "".join(level.format(n, f"<Ref RefId='{n - 1}'/>" * 10) for n in range(2, 20))
    with pytest.raises(UnreadableFile, match="too large"):
        read_objects(clixml(first + more))


def test_json__nested_deep__is_refused():
    with pytest.raises(UnreadableFile, match="too deep"):
        read_objects(source("a.json", '{"a":' * 200 + "1" + "}" * 200))


def test_long_texts_and_lines__are_read_in_one_pass():
    began = time.monotonic()
    read_objects(clixml(f"<S N='Name'>{'x' * 20_000_000}</S>"))
    assert len(read_main_cf("a = b\n" + " c\n" * 200_000).get("a")) == 400_001
    assert time.monotonic() - began < at_pace(4)


def test_main_cf__variables_that_expand_to_too_much__are_refused_before_they_do():
    with pytest.raises(BadMainCf, match="too much"):
        read_main_cf(f"a = {'x' * 900_000}\nb = {'$a' * 100_000}\n").get("b")


def test_names__of_many_objects_alike__are_told_apart_in_one_pass():
    began = time.monotonic()
    table = "".join(f"ä{number}@v.example b@c.example\n" for number in range(5_000))
    main = "virtual_alias_domains = v.example\nvirtual_alias_maps = hash:/virt\n"
    domains = [{"Name": f"{n}", "DomainName": f"d{n}.example", "DomainType": "Authoritative"} for n in range(3_000)]
    import_postfix([source("main.cf", main), source("virt", table)], onto=initial_document(), owner="x")
    done = import_exchange([source("a.json", json.dumps(domains))], onto=initial_document(), owner="x")
    assert len({one.id for one in done.document.accepted_domains}) >= 3_000
    assert time.monotonic() - began < at_pace(20)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("parameter", "value"),
    [("RemoteIPRanges", "1.2.3.4-::1"), ("MaxMessageSize", "9" * 5_000), ("Enabled", "perhaps"), ("RequireTLS", [1])],
)
def test_page__value_that_is_none__is_told_and_breaks_nothing(parameter: str, value: object):
    connector = {"Name": "A", "RemoteIPRanges": ["10.0.0.0/8"], "Bindings": ["0.0.0.0:26"], parameter: value}
    said = {"origin": "exchange", "owner": "x", "files": [SimpleUploadedFile("a.json", json.dumps(connector).encode())]}
    assert signed_in(create_editor()).post(reverse("imports:new"), said).status_code in (302, 422)


def test_zip__entry_that_lies_beyond_every_file__is_refused():
    """A zip64 place of 2**63 octets: no seek takes it."""
    made = zipped(a=b"x")
    entry, end = made.index(b"PK\x01\x02"), made.index(b"PK\x05\x06")
    entry_octets, end_octets = bytearray(made[entry:end]), bytearray(made[end:])
    struct.pack_into("<HHHHLL", entry_octets, 30, 12, 0, 0, 0, 0, 0xFFFFFFFF)
    struct.pack_into("<L", end_octets, 12, len(entry_octets) + 12)
    data = made[:entry] + entry_octets + struct.pack("<HHQ", 1, 8, 2**63) + end_octets
    with pytest.raises(UnreadableFile, match=r"x\.zip is no zip that can be read"):
        opened([("x.zip", data)])
