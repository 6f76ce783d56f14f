import json
from datetime import UTC, datetime

import pytest

from mailconsole.common.export import ExportFormat, export_response

ROWS = [{"name": "=cmd|' /C calc'!A0", "at": datetime(2026, 1, 2, tzinfo=UTC), "count": -3, "more": "hidden"}]


def test_csv__a_cell_like_a_formula__becomes_text_and_numbers_stay():
    response = export_response(rows=ROWS, columns=["name", "at", "count"], form=ExportFormat.CSV, name="x")
    lines = response.content.decode().splitlines()
    assert lines[0] == "name,at,count"
    assert lines[1] == "'=cmd|' /C calc'!A0,2026-01-02T00:00:00+00:00,-3"
    assert response.headers["Content-Disposition"] == 'attachment; filename="x.csv"'


@pytest.mark.parametrize("start", ["+", "-", "@", "\t"])
def test_csv__every_formula_start__is_quoted(start):
    response = export_response(rows=[{"a": start + "1"}], columns=["a"], form=ExportFormat.CSV, name="x")
    assert response.content.decode().splitlines()[1].lstrip('"').startswith("'")


def test_json_lines__one_object_a_row__only_the_columns():
    response = export_response(rows=ROWS, columns=["name", "count"], form=ExportFormat.JSON_LINES, name="x")
    assert json.loads(response.content) == {"name": ROWS[0]["name"], "count": -3}
