"""A node that answers, for tests of what operators order."""

from tests.mailconsole.runtime.conftest import host, node_home
from tests.support.nodes import answering_node

__all__ = ["answering_node", "host", "node_home"]
