"""The document as YAML: there and back, and what bad input gets."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given, settings

from tests.transport.config.documents import SCANNERS, changed, document, documents
from transport.config import text
from transport.config.document import MailFlow


def refused(source: str, *, onto: MailFlow | None = None) -> str:
    with pytest.raises(text.BadText) as caught:
        text.load(source, onto=onto)
    return str(caught.value)


@settings(max_examples=60, deadline=None)
@given(documents)
def test_load__exported_document__is_the_same_document(one: MailFlow) -> None:
    assert text.load(text.export(one)) == one


@settings(max_examples=20, deadline=None)
@given(documents)
def test_export__any_document__fits_the_published_schema(one: MailFlow) -> None:
    jsonschema.validate(yaml.safe_load(text.export(one)), text.json_schema())


def test_schema__published_file__is_the_one_that_we_print() -> None:
    published = json.loads((Path(__file__).parents[3] / "docs" / "mail-flow.schema.json").read_text())
    assert published == text.json_schema(), "write it anew: ./console config schema > docs/mail-flow.schema.json"


def test_load__object_without_id__is_the_one_of_that_name() -> None:
    before = document(relay_policies=[changed(SCANNERS, id="p-7")])
    after = text.load(text.as_yaml({"relay_policies": [{k: v for k, v in SCANNERS.items() if k != "id"}]}), onto=before)
    assert after == before


def test_load__left_out_section__stays_as_it_is() -> None:
    before = document(ip_block_list=[{"network": "192.0.2.1"}], relay_policies=[SCANNERS])
    after = text.load("relay_policies:\n", onto=before)
    assert after.relay_policies == ()
    assert after.ip_block_list == before.ip_block_list


def test_load__unknown_key__names_line_place_and_the_near_one() -> None:
    assert refused("relay_policies:\n- name: Scanners\n  networkz: [10.0.0.1]\n  owner: a\n  purpose: b\n") == (
        "line 3: relay_policies[Scanners].networkz: unknown key; did you mean networks?"
    )


def test_load__unknown_section__lists_the_known_ones() -> None:
    assert refused("foo: 1").startswith("line 1: foo: unknown key; known are schema_version, organization,")


def test_load__host_bits__says_which_network_was_meant() -> None:
    said = refused(
        "relay_policies:\n- name: S\n  owner: a\n  purpose: b\n  networks:\n  - 10.0.0.0/8\n  - 10.0.0.1/8\n"
    )
    assert said == "line 7: relay_policies[S].networks[1]: '10.0.0.1/8' has host bits set; did you mean 10.0.0.0/8?"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "the text is empty"),
        ("a: [", "line 2: not YAML: did not find expected node content"),
        ("- 1", "line 1: the document must be a mapping of sections; see config schema"),
        ("a: &x 1\nb: *x\n", "line 1: anchors and aliases are not taken; write the value out"),
        ("a: !!python/object/apply:os.system ['x']", "line 1: tags are not taken; write a plain value"),
        ("a: 1\na: 2\n", "line 2: the key 'a' is there twice"),
        ("[" * 100_000, "line 1: nested deeper than 12"),
        ("ip_block_list: [{network: 10.0.0.1},{network: 10.0.0.1}]", "ip_block_list: '10.0.0.1' is there twice"),
        ("organization: {name: 5}", "line 1: organization.name: must be text; put it in quotes"),
        ("schema_version: 2", "line 1: schema_version: must be 1 or less"),
    ],
)
def test_load__bad_text__is_refused_with_a_sentence(source: str, sentence: str) -> None:
    assert refused(source) == sentence


def test_slug__name_with_accents__is_an_id() -> None:
    assert text.slug("Scänners, 2nd floor!") == "scanners-2nd-floor"
    assert text.slug("***") == "object"
