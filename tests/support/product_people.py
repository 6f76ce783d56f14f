"""People at a running product, each in a browser context of their own; the verbs are what a person does.

erin = Person(browser, complaints, product)
erin.sign_in("erin", password)
"""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import APIResponse, Browser, Locator, Page, expect

from tests.support.browser import Complaints, new_context
from tests.support.pace import at_pace
from tests.support.product import Product

# CI's machine is slow: what takes 0.1 s at a desk may take seconds there.
PATIENCE_MS = 30_000
TOKEN = "input[name=csrfmiddlewaretoken]"


class Person:
    """One person; `page` is the tab they look at."""

    def __init__(self, browser: Browser, complaints: Complaints, product: Product) -> None:
        self.url = product.url
        self.context = new_context(browser, complaints)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()

    def open(self, path: str) -> None:
        answer = self.page.goto(self.url + path)
        assert answer is not None and answer.ok, f"{path} answered {answer and answer.status}"

    def sign_in(self, username: str, password: str) -> None:
        self.open("/account/sign-in/")
        self.fill("User name", username)
        self.fill("Password", password)
        self.press("Sign in")
        self.page.wait_for_url(lambda url: "sign-in" not in url)

    def sign_in_first(self, username: str, password: str) -> None:
        """A password that somebody else made opens nothing but the page that replaces it."""
        self.sign_in(username, password)
        self.page.wait_for_url("**/account/password/")
        new = secrets.token_urlsafe(16)
        for label, value in (("Old password", password), ("New password", new), ("New password confirmation", new)):
            self.fill(label, value)
        self.press("Set the new password")
        self.page.wait_for_url(lambda url: "password" not in url)

    def field(self, label: str) -> Locator:
        """By its label, whether or not that says that the field is optional."""
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}(\s+optional)?\s*$"))

    def fill(self, label: str, value: str) -> None:
        self.field(label).fill(value)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> None:
        self.button(name).click()

    def follow(self, link: str) -> None:
        self.page.get_by_role("link", name=link, exact=True).first.click()

    def find(self, path: str, link: str) -> None:
        """Open a list again and again until `link` stands in it, and follow it: what just happened is there soon."""
        found = self.page.get_by_role("link", name=link, exact=True)

        def is_listed() -> bool:
            self.open(path)
            return found.count() > 0

        wait_until(is_listed, what=f"{path} does not list {link}")
        found.first.click()

    def sees(self, *texts: str | re.Pattern[str]) -> None:
        """Each text stands in the page's main part, now or soon."""
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text, timeout=PATIENCE_MS)

    def watch(self, path: str) -> "Watch":
        """Leave a live page open in a tab of its own, marked so that a reload would be noticed."""
        tab = self.context.new_page()
        tab.goto(self.url + path)
        expect(tab.locator("[data-live-state]")).to_have_text("Live", timeout=PATIENCE_MS)
        tab.evaluate("window.isTheFirstLoad = true")
        return Watch(tab)

    def forge(self, path: str, **fields: str) -> APIResponse:
        """POST a form that no page offered, with the session and its CSRF token."""
        token = self.page.locator(TOKEN).first.input_value()
        return self.context.request.post(self.url + path, form={"csrfmiddlewaretoken": token, **fields})

    def read_api(self, path: str) -> Any:
        answer = self.context.request.get(self.url + path)
        assert answer.ok, f"{path} answered {answer.status}: {answer.text()}"
        return answer.json()

    def call_api(self, path: str, body: dict[str, str]) -> APIResponse:
        token = self.page.locator(TOKEN).first.input_value()
        return self.context.request.post(self.url + path, data=body, headers={"X-CSRFToken": token})


@dataclass(frozen=True)
class Watch:
    """A live page in front of somebody who touches nothing."""

    page: Page

    def shows(self, selector: str, text: str | re.Pattern[str], *, since: float, within_s: float) -> None:
        """`selector` contains `text` at most `within_s` after `since` (monotonic), and the page was not loaded anew."""
        expect(self.page.locator(selector).first).to_contain_text(text, timeout=PATIENCE_MS)
        took_s = time.monotonic() - since
        assert self.page.evaluate("window.isTheFirstLoad === true"), f"{self.page.url} was loaded anew"
        assert took_s <= at_pace(within_s), f"{self.page.url} showed {text!r} in {selector} after {took_s:.1f} s"


def wait_until(condition: Callable[[], bool], *, what: str, timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"after {timeout_s} s: {what}"
        time.sleep(0.05)
