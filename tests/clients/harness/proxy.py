"""Proxies. Bodies are streamed, never held.

The part of Keystone's middleware that most tests need is one that says who is calling: it adds the
identity headers that the server trusts under the `headers` flavor, and forwards everything else as it
comes.
"""

import http.client
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

CHUNK = 64 * 1024
KEYSTONE = re.compile(r"/(projects|tenants)(/|\?|$)")
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"}


class Identity:
    """Who a request comes from."""

    def __init__(self, project_id, roles=("member", "reader")):
        self.project_id = project_id
        self.roles = roles

    def headers(self):
        return {
            "X-Identity-Status": "Confirmed",
            "X-User-Id": f"user-of-{self.project_id}",
            "X-Project-Id": self.project_id,
            "X-Roles": ",".join(self.roles),
        }


class Proxy:
    """Forwards to `upstream`; `url` is where clients find it, and `asked` is what they asked for."""

    identity = None

    def __init__(self, upstream):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.upstream = urlsplit(upstream).netloc
        self._server.identity = self.identity
        self._server.asked = self.asked = []
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class IdentityProxy(Proxy):
    """Forwards as `identity`: one proxy is one caller."""

    def __init__(self, upstream, identity):
        self.identity = identity
        super().__init__(upstream)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _forward(self):
        self.server.asked.append(f"{self.command} {self.path}")
        if self.server.identity and KEYSTONE.search(self.path):
            return self._refuse_project_lookup()
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=120)
        try:
            self._send_request(upstream)
            self._send_answer(upstream.getresponse())
        finally:
            upstream.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _forward

    def _refuse_project_lookup(self):
        """Keystone lets ordinary users look up no projects; the CLI then takes an id as it is."""
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_request(self, upstream):
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP and not name.lower().startswith("x-identity"):
                upstream.putheader(name, value)
        identity = self.server.identity
        for name, value in identity.headers().items() if identity else ():
            upstream.putheader(name, value)
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
        if chunked:
            upstream.putheader("Transfer-Encoding", "chunked")
        upstream.endheaders()
        try:
            for piece in self._chunked_body() if chunked else self._sized_body():
                upstream.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            if chunked:
                upstream.send(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the server answered without reading the rest

    def _sized_body(self):
        left = int(self.headers.get("Content-Length") or 0)
        while left and (piece := self.rfile.read(min(left, CHUNK))):
            left -= len(piece)
            yield piece

    def _chunked_body(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _send_answer(self, answer):
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or answer.status in (204, 304)
        chunked = not bodiless and answer.getheader("Content-Length") is None
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not bodiless and (piece := answer.read1(CHUNK)):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass
