"""Servers that are no good directory, on loopback: silent, talking nonsense, or cutting a real one off half-way."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def serving(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that handles each connection with `talk`, in a thread of its own."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)

        def accept() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    peer, _ = listener.accept()
                    threading.Thread(target=_talk, args=(talk, peer), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            stop.set()
            thread.join()


def silent(peer: socket.socket) -> None:
    peer.settimeout(10)
    while peer.recv(1024):
        pass


def nonsense(peer: socket.socket) -> None:
    peer.sendall(b"220 mail.example ESMTP\r\n")
    peer.settimeout(10)
    peer.recv(1024)


def cut_after(octets: int, address: tuple[str, int]) -> Callable[[socket.socket], None]:
    """Passes a real server through, and closes after so many octets of its answers."""

    def talk(peer: socket.socket) -> None:
        with socket.create_connection(address) as server:
            threading.Thread(target=_pump, args=(peer, server, 1 << 30), daemon=True).start()
            _pump(server, peer, octets)
            peer.shutdown(socket.SHUT_RDWR)  # closing alone would wait for the other thread's recv

    return talk


def _talk(talk: Callable[[socket.socket], None], peer: socket.socket) -> None:
    with peer, contextlib.suppress(OSError):
        talk(peer)


def _pump(source: socket.socket, target: socket.socket, octets: int) -> None:
    with contextlib.suppress(OSError):
        while octets > 0 and (data := source.recv(min(65536, octets))):
            target.sendall(data)
            octets -= len(data)
