"""A text that Exchange sends as HTML, as the plain text that it is here."""

from __future__ import annotations

from html.parser import HTMLParser

_BREAKS = frozenset(("br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "ul", "ol", "table"))
_UNSEEN = frozenset(("style", "script", "head", "title"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines = [""]
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _BREAKS and self.lines[-1].strip():
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))
        if tag in _BREAKS - {"br"} and self.lines[-1].strip():
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        first, *rest = data.split("\n")
        self.lines[-1] += first
        self.lines += rest


def as_plain_text(html: str) -> str:
    """Its lines, without tags; a text without any stays as it is but for spaces at the ends of lines."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "\n".join(" ".join(line.split()) for line in reader.lines).strip("\n")
