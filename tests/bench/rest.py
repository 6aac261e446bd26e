# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node at rest among peers that have what it has."""

import time

import wire
import world
from pair import begin, follow, wait_until
from table import Row

PEERS = 20
IDLE = 20  # Seconds.


def idle(w):
    """A node that has everything, and as many peers that have it too: MiB in memory, and percent of a processor."""
    nodes = [w.copy(1, "idle"), *(w.twin(number + 2, f"peer-{number}") for number in range(PEERS))]
    try:
        for node in nodes:
            node.port = wire.free_port()
            if node is not nodes[0]:
                follow(node, nodes[0], nodes[0].port)
            begin(node, listen=f"127.0.0.1:{node.port}", **({} if node is nodes[0] else {"http": None}))
        wait_until(lambda: sum(peer["state"] == "equal" for peer in world.report(nodes[0])["peers"]) == PEERS)
        world.wait_calm(nodes[0])
        used, began = world.cpu(nodes[0]), time.monotonic()
        time.sleep(IDLE)
        return world.resident(nodes[0]), 100 * (world.cpu(nodes[0]) - used) / (time.monotonic() - began)
    finally:
        for node in nodes:
            if node.process:
                node.end()


def rows(build, documents, turns, logs=100):
    w = world.World(build, documents, logs=logs, nodes=PEERS + 1)
    try:
        w.settle()
        memory, used = idle(w)
    finally:
        w.close()
    return [Row(f"an idle node, {documents:,} documents and {PEERS} peers: memory", "MiB", memory, 100, 60),
            Row("processor of that, of one", "%", used, 0.5, 0.2)]
