"""Redis for a test of live pages: emptied first, and nothing remembered of what was rendered before."""

from collections.abc import Iterator

import pytest

from mailconsole.common.redis import redis_client
from mailconsole.nodes.live import publish


@pytest.fixture
def live_redis(redis_url: str, settings) -> Iterator[None]:
    settings.REDIS_URL = redis_url
    redis_client().flushdb()
    publish._forget()
    yield


@pytest.fixture
def redis_away(settings) -> None:
    """A port at which nobody listens."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
