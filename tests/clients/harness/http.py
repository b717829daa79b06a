"""Plain HTTP for what no client does on purpose: slow, huge, broken and many requests at once."""

import http.client
import json
import time
from contextlib import suppress
from urllib.parse import urlsplit

HEADERS = {
    "X-Identity-Status": "Confirmed",
    "X-User-Id": "tester",
    "X-Project-Id": "limits",
    "X-Roles": "admin,member,reader",
}
OCTETS = {"Content-Type": "application/octet-stream"}
CHUNK = bytes(range(256)) * 4096  # 1 MiB
PIECE = 16 << 10


class Service:
    """The images API at `url`, as an administrator whom a proxy has vouched for, or as whoever other
    headers say."""

    def __init__(self, url, headers=HEADERS):
        self._address, self._headers = urlsplit(url).netloc, headers

    def connect(self):
        return http.client.HTTPConnection(self._address, timeout=120)

    def request(self, method, path, body=None, headers=None):
        """Status and body of one answer."""
        connection = self.connect()
        try:
            connection.request(method, path, body, {**self._headers, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def create(self, name="limits", **fields):
        draft = {"name": name, "disk_format": "raw", "container_format": "bare", **fields}
        status, body = self.request("POST", "/v2/images", json.dumps(draft))
        assert status == 201, body
        return json.loads(body)["id"]

    def show(self, image):
        status, body = self.request("GET", f"/v2/images/{image}")
        assert status == 200, body
        return json.loads(body)

    def delete(self, image):
        status, body = self.request("DELETE", f"/v2/images/{image}")
        assert status == 204, body

    def upload(self, image, mebibytes, *, chunked=False, pause=0.0, rate=None, store=None):
        """Sends so many MiB: with a pause after each, or in small pieces, `rate` MiB a second;
        gives the status."""
        headers = {**self._headers, **OCTETS}
        if store:
            headers["X-Image-Meta-Store"] = store
        if not chunked:
            headers["Content-Length"] = str(mebibytes << 20)
        connection = self.connect()
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # answered before the end
                connection.request(
                    "PUT", f"/v2/images/{image}/file", _chunks(mebibytes, pause, rate), headers,
                    encode_chunked=chunked,
                )
            return connection.getresponse().status
        finally:
            connection.close()

    def begin_upload(self, image, mebibytes, *, sent):
        """Announces so many MiB and sends a few of them, then nothing more."""
        connection = self.connect()
        connection.putrequest("PUT", f"/v2/images/{image}/file")
        length = {"Content-Length": str(mebibytes << 20)}
        for name, value in {**self._headers, **OCTETS, **length}.items():
            connection.putheader(name, value)
        connection.endheaders()
        for _ in range(sent):
            connection.send(CHUNK)
        return connection

    def begin_download(self, image):
        """Asks for the data and reads none of it."""
        connection = self.connect()
        connection.request("GET", f"/v2/images/{image}/file", headers=self._headers)
        return connection

    def download(self, image, *, seconds=None, rate=None):
        """Reads the data: all of it, at `rate` MiB a second in small pieces if one is given, or as
        much as comes in `seconds` of slow reading."""
        connection = self.connect()
        try:
            connection.request("GET", f"/v2/images/{image}/file", headers=self._headers)
            answer = connection.getresponse()
            assert answer.status == 200
            until = None if seconds is None else time.monotonic() + seconds
            begun, read = time.monotonic(), 0
            while chunk := answer.read(1 << 20 if rate is None else PIECE):
                read += len(chunk)
                if rate is not None:
                    _keep_to(rate, begun, read)
                if until is not None:
                    if time.monotonic() > until:
                        break
                    time.sleep(0.05)
            return read
        finally:
            connection.close()


def _chunks(mebibytes, pause, rate):
    if rate is not None:
        begun = time.monotonic()
        for sent in range(0, mebibytes << 20, PIECE):
            yield CHUNK[:PIECE]
            _keep_to(rate, begun, sent + PIECE)
        return
    for _ in range(mebibytes):
        yield CHUNK
        if pause:
            time.sleep(pause)


def _keep_to(rate, begun, done):
    """Waits until so many bytes are due at `rate` MiB a second."""
    ahead = begun + done / (rate << 20) - time.monotonic()
    if ahead > 0:
        time.sleep(ahead)
