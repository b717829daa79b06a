"""Web servers that imports read: what they send, and where they break off."""

import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.s3 import reset

MEBIBYTE = 1 << 20
_NOISE = random.Random(4).randbytes(2 * MEBIBYTE)


def noise(number):
    """A MiB of data that looks like none; another one for each number."""
    begin = number * 7919 % MEBIBYTE
    return memoryview(_NOISE)[begin : begin + MEBIBYTE]


class Web:
    """A web server on `host` at a port of its own, or at `port`. `answer` gets each request, as a
    `BaseHTTPRequestHandler`; `asked` are the headers of all that came."""

    def __init__(self, answer, host="127.0.0.1", port=0):
        self.asked = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(handler):
                self.asked.append(handler.headers)
                handler.close_connection = True
                answer(handler)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def redirect(handler, target):
    handler.send_response(302)
    handler.send_header("Location", target)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


class Disk:
    """So many MiB of noise, which are always the same: answers with all of it, or with the rest
    that is asked for, and breaks off after so many bytes of it: the first time as a crash does,
    later as if all had been said."""

    TAG = '"noise"'

    def __init__(self, mebibytes, breaks=()):
        self._size, self._breaks = mebibytes * MEBIBYTE, list(breaks)
        self._answered = 0

    def __call__(self, handler):
        first = self._first(handler.headers)
        handler.send_response(206 if first else 200)
        handler.send_header("ETag", self.TAG)
        handler.send_header("Content-Length", str(self._size - first))
        if first:
            span = f"bytes {first}-{self._size - 1}/{self._size}"
            handler.send_header("Content-Range", span)
        handler.end_headers()
        number, self._answered = self._answered, self._answered + 1
        end = self._breaks[number] if number < len(self._breaks) else self._size
        for piece in pieces(first, end):
            handler.wfile.write(piece)
        if end < self._size and number == 0:
            reset(handler.connection)

    def _first(self, headers):
        """Where the answer begins: a range holds for the data that was seen before."""
        if "Range" not in headers or headers.get("If-Range") != self.TAG:
            return 0
        return int(headers["Range"].removeprefix("bytes=").removesuffix("-"))


def pieces(first, end):
    """The bytes from `first` on, before `end`."""
    for number in range(first // MEBIBYTE, -(-end // MEBIBYTE)):
        begin = number * MEBIBYTE
        yield noise(number)[max(first - begin, 0) : end - begin]
