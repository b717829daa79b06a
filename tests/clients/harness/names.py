"""A name server of a test's own, and how a process comes to ask it."""

import socket
import struct
import threading
from contextlib import suppress

ADDRESS, PORT = "127.0.0.1", 53
A, IN, ANSWER, POINTER = 1, 1, 0x8180, b"\xc0\x0c"


class Names:
    """Tells the addresses of one name: each question gets the next answer, and the last one for
    ever. What is no question for IPv4 has no answer."""

    def __init__(self, *answers):
        self._answers, self.asked = list(answers), 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, PORT))
        self._socket.settimeout(0.1)
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._is_closed.set()
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while not self._is_closed.is_set():
            with suppress(TimeoutError):
                question, sender = self._socket.recvfrom(512)
                self._socket.sendto(self._answer(question), sender)

    def _answer(self, question):
        # The name ends with an empty label; its kind and class follow.
        end = question.index(b"\0", 12) + 5
        (kind,) = struct.unpack("!H", question[end - 4 : end - 2])
        addresses = self._next() if kind == A else ()
        head = question[:2] + struct.pack("!HHHHH", ANSWER, 1, len(addresses), 0, 0)
        records = (
            POINTER + struct.pack("!HHIH", A, IN, 0, 4) + socket.inet_aton(address)
            for address in addresses
        )
        return head + question[12:end] + b"".join(records)

    def _next(self):
        self.asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def asked_by(folder):
    """What a command begins with that is to ask this name server."""
    configuration = folder / "resolv.conf"
    configuration.write_text(f"nameserver {ADDRESS}\noptions attempts:1 timeout:2\n")
    script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, str(configuration)]
