"""Revisions and the nodes that run them."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Status
from pydantic import Field

from mailconsole.api import shapes
from mailconsole.api.auth import actor_of
from mailconsole.api.schemas import ActivationOut, ChangeOut, DifferenceOut, NodeOut, RevisionOut, Why, YamlOut
from mailconsole.changes.models import Revision
from mailconsole.changes.services.compare import first_yaml_changes
from mailconsole.changes.services.drift import drift_of
from mailconsole.changes.services.restore_revision import restore_revision
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.nodes.models import Activation, Node
from mailconsole.nodes.services import known_nodes
from transport.config.diff import diff
from transport.config.words import in_words

router = Router(tags=["revisions"])
nodes_router = Router(tags=["nodes"])
Limit = Annotated[int, Field(ge=1, le=200)]
_RELATED = ("author", "published_by", "parent")


@router.get("", response=list[RevisionOut])
def list_revisions(request: HttpRequest, limit: Limit = 50) -> Any:
    """The newest first."""
    head_revision()
    return [shapes.revision_out(one) for one in Revision.objects.select_related(*_RELATED)[:limit]]


@router.get("/{int:number}", response=RevisionOut)
def get(request: HttpRequest, number: int) -> Any:
    """One revision, and which change led to it."""
    return shapes.revision_out(get_object_or_404(Revision.objects.select_related(*_RELATED), number=number))


@router.get("/{int:number}/diff", response=DifferenceOut)
def difference(request: HttpRequest, number: int, against: int | None = None) -> Any:
    """What differs from revision `against`, or from the one before: in words, and as lines of YAML by object."""
    shown = get_object_or_404(Revision.objects.select_related("parent"), number=number)
    other = shown.parent if against is None else get_object_or_404(Revision, number=against)
    before, after = load_document(other if other is not None else shown), load_document(shown)
    changes = diff(before, after)
    told, left_out = first_yaml_changes(changes)
    yaml = [YamlOut(kind=one.kind, object_id=one.object_id, title=one.title, lines=list(one.lines)) for one in told]
    return DifferenceOut(sentences=[str(one) for one in in_words(changes, before)], yaml=yaml, yaml_left_out=left_out)


@router.post("/{int:number}/restore", response={201: ChangeOut})
def restore(request: HttpRequest, number: int, said: Why) -> Any:
    """A draft that leads back to this revision."""
    revision = get_object_or_404(Revision, number=number)
    change = restore_revision(
        revision=revision, actor=actor_of(request), reason=said.reason, now=timezone.now(), request=request
    )
    return Status(201, shapes.change_out(change))


@nodes_router.get("", response=list[NodeOut])
def list_nodes(request: HttpRequest) -> Any:
    """Every node, what it runs, and its last answer to a revision; `drift` says what is wrong with what it runs."""
    return nodes_out()


def nodes_out() -> list[NodeOut]:
    nodes = known_nodes()
    drift = drift_of(nodes)
    return [_node(one, drift.get(one.name, "")) for one in nodes]


def _node(node: Node, drift: str) -> NodeOut:
    last = Activation.objects.filter(node=node).first()
    return NodeOut(
        name=node.name,
        is_accepting=node.is_accepting,
        why_not=node.why_not,
        running_revision=node.running_revision,
        running_digest=node.running_digest,
        drift=drift,
        heartbeat_at=node.heartbeat_at,
        is_lost=node.is_lost(timezone.now()),
        listening=node.listening,
        software_version=node.software_version,
        last_activation=_activation(last) if last else None,
    )


def _activation(one: Activation) -> ActivationOut:
    return ActivationOut(revision=one.revision, state=one.state, error=one.error, at=one.at)
