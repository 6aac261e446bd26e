# SPDX-License-Identifier: AGPL-3.0-or-later
"""A proxy between two programs that counts what they say: the bytes of TCP, both ways, and how often the talk changes direction."""

import contextlib
import socket
import threading
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy(threading.Thread):
    def __init__(self, target):
        super().__init__(daemon=True)
        self.target, self.up, self.down, self.turns, self.last = target, 0, 0, 0, None
        self.is_cut, self.carried = False, []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    @property
    def bytes(self):
        return self.up + self.down

    def reset(self):
        with self.lock:
            self.up = self.down = self.turns = 0
            self.last = None

    def close(self):
        self.listener.close()

    def cut(self):
        """Nothing passes from now on, and who calls is hung up on."""
        self.is_cut = True
        for end in self.carried:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.carried = []

    def heal(self):
        self.is_cut = False

    def run(self):
        while True:
            try:
                here, _ = self.listener.accept()
                if self.is_cut:
                    here.close()
                    continue
                there = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.carried += [here, there]
            for source, sink, way in ((here, there, "up"), (there, here, "down")):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.pump, args=(source, sink, way), daemon=True).start()

    def note(self, way, count):
        with self.lock:
            setattr(self, way, getattr(self, way) + count)
            if way != self.last:
                self.turns += 1
                self.last = way

    def pump(self, source, sink, way):
        try:
            while data := source.recv(1 << 18):
                self.note(way, len(data))
                sink.sendall(data)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def wait_for_port(port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")
