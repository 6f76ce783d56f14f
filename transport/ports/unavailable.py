"""What is raised by those outside who cannot answer now."""

from __future__ import annotations


class LookupUnavailable(Exception):
    """The look-up cannot be made now: the answer is "cannot tell" (law 6). ``str()`` is a private reason."""
