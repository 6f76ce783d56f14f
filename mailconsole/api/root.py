"""The API: version 1, its authentication, its answers when it refuses."""

from __future__ import annotations

from mailconsole.api import (
    acts,
    apply,
    audit,
    certificates,
    changes,
    config,
    directory,
    explain,
    imports,
    learning,
    queues,
    revisions,
    times,
)
from mailconsole.api.auth import SessionAuth, TokenAuth
from mailconsole.api.openapi import DescribedApi
from mailconsole.api.problems import register_problems

api = DescribedApi(
    title="Mailconsole",
    description="What the pages do, programs do here: the same services, with the same refusals.",
    version="1",
    urls_namespace="api:api-v1",
    auth=[TokenAuth(), SessionAuth()],
    docs_url=None,  # its page loads scripts from elsewhere, which the policy blocks; the document is at openapi.json
)
register_problems(api)
api.add_router("/config", config.router)
api.add_router("/config", apply.router)
api.add_router("/changes", changes.router)
api.add_router("/changes", acts.router)
api.add_router("/changes", times.router)
api.add_router("/explain", explain.router)
api.add_router("/revisions", revisions.router)
api.add_router("/queues", queues.router)
api.add_router("/holds", queues.holds_router)
api.add_router("/certificates", certificates.router)
api.add_router("/directory", directory.router)
api.add_router("/audit", audit.router)
api.add_router("/imports", imports.router)
api.add_router("/learning", learning.router)
api.add_router("/refusals", learning.refusals_router)
api.add_router("/nodes", revisions.nodes_router)
