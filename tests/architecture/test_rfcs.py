"""docs/rfcs.md names files and tests that exist: a row that nothing obeys or proves any more is found here."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAD = ["Clause", "What", "Status", "File", "Test"]


def rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "rfcs.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in cells if row != HEAD and set("".join(row)) != {"-"}]


def has_test(name: str) -> bool:
    if name.endswith(".dialogue"):
        return (ROOT / "tests" / "dialogues" / "listener" / name).is_file()
    path, _, function = name.partition("::")
    files = [folder / path for folder in (ROOT / "tests" / "transport", ROOT / "tests") if (folder / path).is_file()]
    return any(re.search(rf"(?m)^(async )?def {re.escape(function)}\(", file.read_text()) for file in files)


def has_file(name: str) -> bool:
    return any((folder / name).is_file() for folder in (ROOT / "transport", ROOT))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0]}: {row[1][:40]}")
def test_row__names_a_file_and_a_test_that_exist(row: list[str]) -> None:
    clause, _, status, file, test = row
    assert clause and re.match(r"(yes|part|no)\b", status), row
    if status.startswith("no"):
        assert file == "-" or has_file(file.strip("`")), file
        return
    assert has_file(file.strip("`")), file
    assert has_test(test.strip("`")), test


def test_rows__are_found() -> None:
    assert len(rows()) > 80
