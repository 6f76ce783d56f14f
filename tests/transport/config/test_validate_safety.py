"""Limits that contradict each other are errors with their place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.transport.config.documents import NOW, document
from transport.config.validate import errors, validate


def fields_in_error(organization: dict[str, Any]) -> list[str]:
    return [problem.field for problem in errors(validate(document(organization=organization), now=NOW))]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"queue_length_medium": 10, "queue_length_high": 10}, "queue_length_medium"),
        ({"spool_disk_used_medium": 99}, "spool_disk_used_medium"),
        ({"memory_used_high": 50}, "memory_used_medium"),
        ({"spool_disk_free_high": "1 GB"}, "spool_disk_free_medium"),
    ],
)
def test_validate__high_pressure_before_medium__is_an_error(said: dict[str, Any], field: str) -> None:
    assert fields_in_error(said) == [field]


def test_validate__one_limit_unlimited__is_fine() -> None:
    assert fields_in_error({"queue_length_medium": 10, "queue_length_high": None}) == []
