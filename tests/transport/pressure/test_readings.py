"""What is measured is what the machine has."""

import os

from transport.pressure.readings import measure, memory_total_bytes, resident_bytes


def test_measure__disk_and_memory__are_plausible(tmp_path):
    readings = measure(tmp_path, queue_length=3, memory_total_bytes=memory_total_bytes())
    assert readings.queue_length == 3 and readings.disk_problem == ""
    assert 0 < readings.disk_free_bytes <= readings.disk_total_bytes
    assert 10_000_000 < readings.memory_bytes < readings.memory_total_bytes


def test_measure__folder_gone__says_so(tmp_path):
    assert "No such file" in measure(tmp_path / "gone", queue_length=0, memory_total_bytes=1).disk_problem


def test_resident_bytes__follow_what_is_held():
    before = resident_bytes()
    held = bytearray(os.urandom(1024)) * 64 * 1024
    assert resident_bytes() - before > 50_000_000
    del held
