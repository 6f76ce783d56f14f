"""A role that reaches not everything: kinds of objects, connectors, domains. Values; `changes.reach` applies them."""

from __future__ import annotations

from dataclasses import dataclass

from mailconsole.accounts.roles import Role
from transport.config.words import KIND_PLURALS

LIMITED_ROLES = (Role.EDITOR, Role.REVIEWER)
"""Roles that can be limited; who administers has every role and no limit."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a role reaches; each that is empty sets no limit.

    ``connectors`` as ``receive/default`` or ``send/internet``; ``domains`` as ``contoso.com``, or, with subdomains,
    ``*.contoso.com``.
    """

    kinds: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.kinds or self.connectors or self.domains)

    @property
    def sentence(self) -> str:
        """What it reaches, for example: relay policies and accepted domains; of the domain contoso.com."""
        kinds = _listed([KIND_PLURALS.get(kind, kind).lower() for kind in self.kinds]) or "everything"
        places = [f"the {' connector '.join(one.split('/', 1))}" for one in self.connectors]
        places += [f"the domain{'s' if len(self.domains) > 1 else ''} {_listed(self.domains)}"] * bool(self.domains)
        return f"{kinds} of {' or '.join(places)}" if places else kinds


def _listed(words: tuple[str, ...] | list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
