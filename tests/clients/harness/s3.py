"""An S3 server of a test's own, in files, and the line to it: both break at will."""

import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
from contextlib import suppress

from harness.backends import is_stopped, wait_until
from harness.server import free_port

# Of a request, as it passes: a part of an object that is being sent.
PART = re.compile(rb"PUT /[^/ ]+/([0-9a-f-]{36})\?\S*partNumber=")
PIECE = 64 << 10
# How much of a request may have come before a piece of it.
HEAD = 1024
RESET = struct.pack("ii", 1, 0)


class OwnS3:
    """An S3 server that keeps its objects in `folder`."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            os.environ["GLANCE_TEST_S3_S3S_PROGRAM"], "--access-key", "access", "--secret-key",
            "secret", "--host", "127.0.0.1", "--port", str(self.port), str(folder),
        ]  # fmt: skip
        self.start()

    def start(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(self._command, **quiet)
        assert wait_until(lambda: listens(self.port), 10)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def freeze(self):
        """From now on, it takes connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)
        assert wait_until(lambda: is_stopped(self._process.pid), 5)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)


class Line:
    """Leads connections to a port of this machine, all of them together at `rate` MiB a second on
    their way there."""

    def __init__(self, port, rate=None):
        self.rate = rate
        # The images of which a part has begun to pass.
        self.seen = set()
        self._port, self._is_cut = port, False
        self._due, self._lock, self._ends = 0, threading.Lock(), set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self):
        """Resets every connection, and each that is made until the line is mended."""
        self._is_cut = True
        for end in list(self._ends):
            reset(end)

    def mend(self):
        self._is_cut = False

    def close(self):
        self._listener.close()
        self.cut()

    def _listen(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    if self._is_cut:
                        raise ConnectionRefusedError
                    server = socket.create_connection(("127.0.0.1", self._port))
                except OSError:
                    reset(client)
                    continue
                self._ends |= {client, server}
                for way in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=way, daemon=True).start()

    def _pass(self, source, target, is_upward):
        before = b""
        try:
            while piece := source.recv(PIECE):
                if is_upward:
                    self.seen.update(image.decode() for image in PART.findall(before + piece))
                    before = piece[-HEAD:]
                    self._pace(len(piece))
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            reset(source)
            reset(target)
        self._ends.discard(source)

    def _pace(self, length):
        if self.rate is None:
            return
        with self._lock:
            self._due = max(self._due, time.monotonic()) + length / (self.rate << 20)
            due = self._due
        time.sleep(max(0, due - time.monotonic()))


def reset(connection):
    """Ends a connection at once, and not as if all had been said."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.shutdown(socket.SHUT_RD)  # wakes whoever reads
    connection.close()


def listens(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
