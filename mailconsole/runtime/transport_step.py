"""The bootstep by which a Celery worker hosts a transport node: `celery worker --transport NODE --pool threads`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import bootsteps
from celery.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from mailconsole.runtime.host import TransportHost


THREADS = "thread"  # the module of Celery's threads pool


class TransportStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Starts the node once the pool is there, and drains it before the worker goes.

    The pool must be threads: a replaced child of a prefork pool would inherit the listening sockets (hostile.md).
    """

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, transport: str | None = None, **options: Any) -> None:
        super().__init__(worker, **options)
        self.node = transport
        self.host: TransportHost | None = None

    def include_if(self, worker: Any) -> bool:
        return bool(self.node)

    def start(self, worker: Any) -> None:
        pool = worker.pool_cls.__module__.rpartition(".")[2]
        if pool != THREADS:
            raise ImproperlyConfigured(
                f"the transport needs --pool threads, not {pool}: its sockets would be inherited"
            )
        # Celery reads this module before Django's apps are loaded; by now they are.
        from mailconsole.runtime import commands, queue_commands  # noqa: F401 - importing registers its commands
        from mailconsole.runtime.host import TransportHost

        self.host = TransportHost(node=str(self.node), worker=worker.hostname)
        commands.serve(self.host)
        self.host.start()

    def stop(self, worker: Any) -> None:
        if self.host is not None:
            self.host.stop()
            self.host = None

    terminate = stop
