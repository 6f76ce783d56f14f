"""The distribution's Chromium for browser tests. A page that logs an error or breaks its own CSP fails its test."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# WCAG 2.2 AA and what axe holds best practice.
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
EVERY_RULE = {"type": "tag", "values": list(AXE_TAGS)}
OF_COLOURS = {"type": "rule", "values": ["color-contrast"]}
# Without the passes, of which each would be described as fully as a violation: two thirds of axe's time.
RUN_AXE = "only => axe.run({runOnly: only, resultTypes: ['violations']}).then(found => found.violations)"
# The page hears of a theme later than its style sheets, and colours of it go over into each other for a while.
SETTLE = """async theme => {
    const frame = () => new Promise(requestAnimationFrame);
    const moving = () => document.getAnimations().filter(one => one instanceof CSSTransition);
    do await frame(); while (document.documentElement.dataset.bsTheme !== theme);
    for (await frame(); moving().length; await frame()) moving().forEach(one => one.finish());
}"""
LOOKS = ((1440, False), (360, True))
"""Width and darkness of the loads after which `assert_looks_right` has seen a page in all four looks."""


@dataclass
class Complaints:
    """What the browser said against the pages of one test; `expect` names what the test means to provoke."""

    said: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Allow console errors that contain `part`, such as "status of 403"."""
        self.expected.append(part)

    def listen_to(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: uncaught {error}"))

    def unexpected(self) -> list[str]:
        return [line for line in self.said if not any(part in line for part in self.expected)]

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium reports a violation of the Content-Security-Policy as an error on the console.
        if message.type == "error":
            self.said.append(f"{message.location.get('url', '')}: {message.text}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one module: playwright's loop runs in the test's thread, where neither asyncio nor Django's ORM bear it."""
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as environment:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    collected = Complaints()
    yield collected
    assert not collected.unexpected(), "the browser complained:\n" + "\n".join(collected.unexpected())


@pytest.fixture
def browser_context(browser: Browser, complaints: Complaints) -> Iterator[BrowserContext]:
    """A context without cookies; a test with several people opens more by `new_context(browser, complaints)`."""
    context = new_context(browser, complaints)
    yield context
    context.close()


@pytest.fixture
def browser_page(browser_context: BrowserContext) -> Page:
    return browser_context.new_page()


def new_context(
    browser: Browser, complaints: Complaints, *, width: int = 1280, height: int = 900, is_dark: bool = False
) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if is_dark else "light", locale="en-GB"
    )
    context.set_default_timeout(10_000)
    context.on("page", complaints.listen_to)
    return context


def assert_looks_right(page: Page) -> None:
    """Accessible as it stands, and in the other theme, where only colours differ; in no width wider than the window."""
    assert_accessible(page)
    before = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
    _emulate(page, "light" if before == "dark" else "dark")
    _assert_no_violation(page, OF_COLOURS)
    _emulate(page, before)
    own = page.evaluate("innerWidth")
    for width in (*(width for width, _ in LOOKS if width != own), own):
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{page.url} is {wide} wide in a window of {width}"


def _emulate(page: Page, theme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=theme)
    page.evaluate(SETTLE, theme)


def assert_accessible(page: Page) -> None:
    """No violation that axe-core knows of, in the page as it stands."""
    # Typing may have scrolled a button of the heading half below the bar that stays: it would be found too small.
    page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
    page.evaluate(Axe().axe_script)
    _assert_no_violation(page, EVERY_RULE)


def _assert_no_violation(page: Page, rules: dict[str, object]) -> None:
    violations = page.evaluate(RUN_AXE, rules)
    lines = [
        f"{violation['id']}: {violation['help']}: {node['html']}"
        for violation in violations
        for node in violation["nodes"]
    ]
    assert not lines, f"{page.url} is not accessible:\n" + "\n".join(lines)
