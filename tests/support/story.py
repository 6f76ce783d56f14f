"""Who and what takes part in the product's story: three people in browsers, a scanner with swaks, two next hops."""

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Complaints
from tests.support.product import Product
from tests.support.product_people import Person
from tests.support.sink import Sink

CLIENT, HELO = "127.0.0.2", "scanner.contoso.example"
OURS, SCANNER, OUTSIDE = "anna@contoso.example", "scanner@contoso.example", "bob@partner.example"
SCAN = b"From: scanner@contoso.example\r\nSubject: A scan\r\n\r\n.a dot\r\n..\r\n\xc3\xa4 and \x01 as they are\r\n"


@dataclass(frozen=True)
class Told:
    """What swaks printed, and when it was done (monotonic)."""

    output: str
    at: float

    @property
    def is_accepted(self) -> bool:
        after_data = self.output.partition("<-  354 ")[2]
        return re.search(r"^<-  250 2\.\d\.\d ", after_data, re.MULTILINE) is not None


@dataclass(frozen=True)
class Story:
    """`mailboxes` is the next hop of the accepted domain, `world` the smart host for everything else."""

    product: Product
    admin: Person
    erin: Person
    rudi: Person
    mailboxes: Sink
    world: Sink
    folder: Path

    def swaks(self, recipient: str, *, sender: str = SCANNER) -> Told:
        """The scanner's mail, always the same bytes."""
        scan = self.folder / "scan.eml"
        scan.write_bytes(SCAN.removesuffix(b"\r\n"))  # swaks ends the last line itself
        host, port = self.product.smtp
        command = ["swaks", "--server", host, "--port", str(port), "--local-interface", CLIENT, "--helo", HELO]
        command += ["--from", sender, "--to", recipient, "--data", f"@{scan}"]
        done = subprocess.run(command, capture_output=True, encoding="latin-1", timeout=60, check=False)
        return Told(done.stdout, time.monotonic())


@pytest.fixture
def story(browser: Browser, complaints: Complaints, product: Product, tmp_path: Path) -> Iterator[Story]:
    admin, erin, rudi = (Person(browser, complaints, product) for _ in range(3))
    with Sink() as mailboxes, Sink() as world:
        yield Story(product, admin, erin, rudi, mailboxes, world, tmp_path)
    for person in (admin, erin, rudi):
        person.context.close()
