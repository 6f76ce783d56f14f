"""Twenty messages of 35 MB at once: all are accepted and delivered, and the node's memory stays bounded."""

import threading

from tests.support.discard import Discard
from tests.support.node import NodeProcess
from tests.support.smtp import send
from tests.support.transport import document

COUNT = 20
BODY = b"Subject: large\r\n\r\n" + (b"x" * 76 + b"\r\n") * (34_990_000 // 78)
MOST_MB = 700


def test_twenty_of_35_mb_at_once__all_arrive_within_bounded_memory(tmp_path):
    codes: list[int] = []
    with Discard() as sink, NodeProcess(tmp_path / "node", document(sink, relay_from="127.0.0.1")) as node:

        def sender() -> None:
            codes.append(send(*node.smtp, "a@acme.example", ["b@partner.example"], BODY, timeout_s=120).last.code)

        threads = [threading.Thread(target=sender) for _ in range(COUNT)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert codes == [250] * COUNT
        sink.wait_for(COUNT, timeout_s=60)
        assert min(sink.sizes) > len(BODY)
        most = node.most_memory_mb
    print(f"20 messages of 35 MB at once: {most} MB at most")
    assert most < MOST_MB
