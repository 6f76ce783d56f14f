"""The way to Redis: short waits, no hidden retries. Pages treat "down" as a value: they catch REDIS_DOWN and say so."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

CONNECT_TIMEOUT_S = 0.5
ANSWER_TIMEOUT_S = 1.0
REDIS_DOWN = (RedisError, OSError)
"""What any call may raise while Redis is away."""


class RedisNotConfigured(RedisError):
    """REDIS_URL is empty: nobody told this process where Redis is."""


def redis_client() -> Redis:
    """This process's client and its pool. Raises RedisNotConfigured."""
    return _client(_url())


def async_redis_client() -> AsyncRedis:
    """A client of its own for the running loop; the caller closes it. Raises RedisNotConfigured.

    Without a read timeout: a subscription is silent for as long as nothing happens.
    """
    return AsyncRedis.from_url(
        _url(), socket_connect_timeout=CONNECT_TIMEOUT_S, health_check_interval=10, retry=AsyncRetry(NoBackoff(), 0)
    )


@lru_cache(maxsize=4)
def _client(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=ANSWER_TIMEOUT_S,
        health_check_interval=10,
        retry=Retry(NoBackoff(), 0),
    )


def _url() -> str:
    url: str = getattr(settings, "REDIS_URL", "")
    if not url:
        raise RedisNotConfigured("REDIS_URL is empty")
    return url
