r"""SMTP dialogues as files, run against a real listener (tests/dialogues/*.dialogue).

c: EHLO client.example      sent with CRLF; $NAME stands for what the test gives
s: 250                      one whole reply that begins so; several lines read as lines of `250 text`
s: /(?m)^250 SIZE \d+$/     one whole reply in which this regular expression is found
raw: MAIL FROM:<a@b>\n      these bytes with Python's escapes, nothing added
tls                         the handshake after STARTTLS
closed                      the server ends the connection without another word
# and blank lines           say why
"""

import re
from pathlib import Path
from string import Template

from tests.support.smtp import Disconnected, SmtpClient

FOLDER = Path(__file__).resolve().parents[1] / "dialogues"


def dialogue_files(folder: str = "") -> list[Path]:
    """For `pytest.mark.parametrize`, with `ids=lambda path: path.stem`."""
    return sorted((FOLDER / folder).glob("*.dialogue"))


def dialogue(
    path_or_text: Path | str, host: str, port: int, *, source_address: str | None = None, **names: str
) -> None:
    """Run a dialogue; fails with the file, the line and what was said instead."""
    where = path_or_text.name if isinstance(path_or_text, Path) else "dialogue"
    text = path_or_text.read_text() if isinstance(path_or_text, Path) else path_or_text
    with SmtpClient(host, port, source_address=source_address) as client:
        for number, line in enumerate(text.splitlines(), 1):
            line = line.strip()
            if line and not line.startswith("#"):
                _step(client, line, f"{where}:{number}", names)


def _step(client: SmtpClient, line: str, where: str, names: dict[str, str]) -> None:
    verb, _, rest = line.partition(":")
    rest = rest.removeprefix(" ")
    match verb:
        case "c":
            client.send_bytes(f"{Template(rest).safe_substitute(names)}\r\n".encode())
        case "raw":
            client.send_bytes(rest.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1"))
        case "s":
            _expect(client, Template(rest).safe_substitute(names), where)
        case "tls":
            client.start_tls()
        case "closed":
            client.expect_close()
        case _:
            raise ValueError(f"{where}: a line begins with c:, s:, raw:, tls, closed or #, not {line!r}")


def _expect(client: SmtpClient, wanted: str, where: str) -> None:
    try:
        said = client.expect_reply().text
    except Disconnected as closed:
        raise AssertionError(f"{where}: expected {wanted!r}, but {closed}") from closed
    if len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/"):
        assert re.search(wanted[1:-1], said), f"{where}: expected {wanted}, got:\n{said}"
    else:
        assert said.startswith(wanted), f"{where}: expected {wanted!r}, got:\n{said}"
