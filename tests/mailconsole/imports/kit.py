"""Samples of exports, as PowerShell and Exchange write them."""

from __future__ import annotations

from pathlib import Path

from mailconsole.imports.reading.files import Source, opened
from mailconsole.imports.report import Fate, Report

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> tuple[str, bytes]:
    return name, (SAMPLES / name).read_bytes()


def source(name: str, text: str = "") -> Source:
    """A sample, or a text of that name."""
    return Source(name, text.encode()) if text else opened([sample(name)])[0]


def said(report: Report, name: str, parameter: str) -> list[tuple[Fate, str]]:
    """What the report tells of one parameter: fate and note."""
    return [(line.fate, line.note) for line in report.lines if (line.name, line.parameter) == (name, parameter)]
