"""What is shown of the log of a part that ended."""

import json

import pytest

from mailconsole.runtime.supervisor.last_words import last_words

TRACEBACK = json.dumps({"event": "Unrecoverable error", "level": "critical", "exception": "Traceback\n  File"})
REASON = json.dumps({"event": "node.not_started", "reason": "[Errno 20] Not a directory: '/x'"})


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], ""),
        (["", "  "], ""),
        (["plain words", ""], "plain words"),
        ([REASON, TRACEBACK], "[Errno 20] Not a directory: '/x'"),
        ([TRACEBACK], "Unrecoverable error"),
        (["[1, 2]"], "[1, 2]"),
        (["x" * 1000], "x" * 300),
    ],
)
def test_last_words__our_reason_before_all_else_and_never_a_traceback(lines, said):
    assert last_words(lines) == said
