"""Our server and Python Glance take turns at one address, over all that a service has."""

import json
import os

from harness.http import Service
from harness.proxy import Identity
from harness.python_glance import PythonGlance
from harness.server import OwnServer

DATA = os.urandom(3 << 20)


class Turns:
    """`ours` and `python` on the same configuration, database and images, never both at once."""

    def __init__(self, folder):
        own = OwnServer(folder)
        python = PythonGlance(folder, own.url)
        self._images = own.images
        self.ours, self.python = Side(self, own), Side(self, python)
        self._serving = own

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def file_of(self, image):
        """Where both servers keep the data of an image."""
        return self._images / image.rpartition("/")[2]

    def give_to(self, server):
        if self._serving is not server:
            self.end()
            server.start()
            self._serving = server

    def end(self):
        serving, self._serving = self._serving, None
        if serving:
            serving.stop()


class Side:
    """One of the two servers, as an administrator and three projects see it."""

    def __init__(self, turns, server):
        self.operator = Caller(turns, server, Identity("operator", ("admin", "member", "reader")))
        self.alice, self.bob, self.carol = (
            Caller(turns, server, Identity(name)) for name in ("alice", "bob", "carol")
        )
        self.callers = (self.operator, self.alice, self.bob, self.carol)


class Caller(Service):
    """Whoever asks a server gives it its turn."""

    def __init__(self, turns, server, identity):
        super().__init__(server.url)
        self._turns, self._server, self._identity = turns, server, identity

    def connect(self):
        self._turns.give_to(self._server)
        return super().connect()

    def ask(self, method, path, content=None, kind="application/json"):
        """The status of the answer, and its content: a document, or the bytes of an image."""
        body = content if isinstance(content, bytes | None) else json.dumps(content)
        headers = self._identity.headers() | {"Content-Type": kind}
        status, answer = self.request(method, path, body, headers)
        is_document = status < 300 and answer and not path.endswith("/file")
        return status, json.loads(answer) if is_document else answer

    def do(self, *request):
        """The content of the answer to a request that succeeds."""
        status, answer = self.ask(*request)
        assert status < 300, (request[:2], status, answer)
        return answer

    def see(self, path):
        """What the answer says, or only its status if it is no success.

        Tags are sorted: those of Python Glance come in another order from each of its processes.
        """
        status, answer = self.ask("GET", path)
        if status >= 300:
            return status
        if isinstance(answer, dict):
            for image in answer.get("images", [answer]):
                image.get("tags", []).sort()
        return answer

    def listed(self, query=""):
        return [image["self"] for image in self.see(f"/v2/images?{query}")["images"]]

    def make(self, name, data=None, **fields):
        """The path of a new image."""
        draft = {"name": name, "disk_format": "raw", "container_format": "bare", **fields}
        image = "/v2/images/" + self.do("POST", "/v2/images", draft)["id"]
        if data is not None:
            self.fill(image, data)
        return image

    def fill(self, image, data):
        self.do("PUT", f"{image}/file", data, "application/octet-stream")

    def share(self, image, *projects):
        for project in projects:
            self.do("POST", f"{image}/members", {"member": project})

    def edit(self, image, *operations):
        keys = ("op", "path", "value")
        changes = [dict(zip(keys, words, strict=False)) for words in operations]
        self.do("PATCH", image, changes, "application/openstack-images-v2.1-json-patch")
