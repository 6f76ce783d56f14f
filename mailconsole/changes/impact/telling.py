"""An outcome as a report may tell it: many people read it, so members of groups that hide them are only counted."""

from __future__ import annotations

from dataclasses import replace

from mailconsole.changes import recorded
from mailconsole.changes.impact.answer import Outcome
from transport.model.event import EventId
from transport.rules.disclosure import disclosed


def told(outcome: Outcome) -> Outcome:
    """The same outcome where no group on the way hides its members."""
    whole = outcome.resolution
    if whole is None:
        return outcome
    hidden = recorded.hiding({one.address.key for one in whole.changes if one.event is EventId.EXPAND})
    if not hidden:
        return outcome
    shown = disclosed(whole, (whole.changes[0].address,), hidden)
    kept = {one.address.key for one in shown.deliveries}
    pairs = zip(whole.deliveries, outcome.routes, strict=True)
    routes = tuple(route for one, route in pairs if one.address.key in kept)
    untold = len(whole.deliveries) + len(whole.refusals) - len(shown.deliveries) - len(shown.refusals)
    return replace(outcome, resolution=shown, routes=routes, untold=untold)
