"""Imports on two nodes of one database: one is killed, a store is frozen or full."""

import hashlib
import json
import os
import threading
import uuid
from contextlib import ExitStack
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from harness import backends, http, keystone
from harness.backends import Bucket, frozen, wait_until
from harness.nodes import GROUP, Node, files, running
from harness.s3 import Line

MEBIBYTES = 48
DATA = http.CHUNK * MEBIBYTES
# Seconds until another node has ended what a dead one left: a lease is 30, and may need a retry.
TAKEN_OVER = 150

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="starts two servers of its own"
)


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.send_header("ETag", '"one"')
        self.end_headers()
        self.wfile.write(DATA)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture
def bucket():
    return Bucket("GLANCE_TEST_S3_S3S", large=5, chunk=5)


@pytest.fixture(params=("postgres", "mariadb"))
def nodes(request, tmp_path, web, bucket):
    with getattr(backends, request.param)() as database:
        stores = {
            "near": files(tmp_path / "near"), "far": files(tmp_path / "far"),
            "bucket": bucket.store(),
        }  # fmt: skip
        make = partial(Node, database=database, stores=stores, web=[web])
        pair = [make(tmp_path / name) for name in ("one", "two")]
        pair[0].sync()
        with running(pair[0]), running(pair[1]):
            yield pair


def begin(node, service, method, web, stores):
    """An image of which an import into the stores has just begun on the node."""
    image = service.create()
    named = {"name": method}
    if method == "glance-direct":
        path = f"/v2/images/{image}/stage"
        assert service.request("PUT", path, DATA, http.OCTETS)[0] == 204
    elif method == "copy-image":
        assert service.upload(image, MEBIBYTES, store="near") == 204
    else:
        named["uri"] = f"http://127.0.0.1:{web}/image"
    asked = {"method": named, "stores": stores, "all_stores_must_succeed": False}
    path = f"/v2/images/{image}/import"
    body = json.dumps(asked)
    status, answer = service.request("POST", path, body, {"Content-Type": "application/json"})
    assert status == 202, answer
    return image


def is_settled(service, image):
    shown = service.show(image)
    return shown["status"] in ("active", "queued") and not shown.get("os_glance_importing_to_stores")


def has_all(service, image, stores):
    shown = service.show(image)
    assert set(shown["stores"].split(",")) == set(stores)
    assert shown["os_hash_value"] == hashlib.sha512(DATA).hexdigest()
    assert service.download(image) == len(DATA)


METHODS = ("glance-direct", "web-download", "copy-image")


@pytest.mark.parametrize("method", METHODS)
def test_what_a_killed_node_was_importing_another_brings_to_its_end(nodes, web, bucket, method):
    one, two = nodes
    service = http.Service(one.url)
    other = http.Service(two.url)

    with frozen("GLANCE_TEST_S3_S3S_PID"):
        image = begin(one, service, method, web, ["bucket"])
        one.kill()

    assert wait_until(lambda: is_settled(other, image), TAKEN_OVER), other.show(image)
    one.start()
    shown = other.show(image)
    if shown["status"] == "active" and method != "copy-image":
        has_all(other, image, ["bucket"])
    if method == "copy-image":
        assert shown["status"] == "active"
    else:
        # What lies in the staging area of a dead node nobody else can read.
        assert shown["status"] == ("queued" if method == "glance-direct" else "active")
    assert wait_until(lambda: not one.staged() and not two.staged(), TAKEN_OVER)
    in_bucket = "bucket" in shown.get("stores", "")
    assert bucket.objects() == ({image} if in_bucket else set())
    code, said = two.run("fsck")
    assert code == 0, said


class Downloading:
    """Two nodes that download images of other regions for callers with tokens, and such a region."""

    def __init__(self, folder, database, bucket):
        groups = keystone.authtoken() + "[DEFAULT]\nenabled_import_methods = [glance-download]\n"
        make = partial(Node, flavor="keystone", more=groups)
        own = f"sqlite:///{folder}/remote.sqlite"
        kept = {"near": files(folder / "remote")}
        self.remote = make(folder / "away", database=own, stores=kept, web=[])
        web = [urlsplit(self.remote.url).port]
        stores = {"bucket": bucket.store()}
        self.pair = [
            make(folder / name, database=database, stores=stores, web=web)
            for name in ("one", "two")
        ]
        self.region = f"remote-{uuid.uuid4().hex[:6]}"
        keystone.add_endpoints({self.region: self.remote.url})
        self._headers = {"X-Auth-Token": keystone.token_of("admin", "admin")}

    def service(self, node):
        return http.Service(node.url, self._headers)

    def begin(self, service):
        """An image of which an import has just begun."""
        source = self.service(self.remote)
        image, wanted = service.create(), source.create()
        assert source.upload(wanted, MEBIBYTES) == 204
        method = {
            "name": "glance-download", "glance_region": self.region, "glance_image_id": wanted,
        }  # fmt: skip
        body = json.dumps({"method": method, "stores": ["bucket"]})
        path = f"/v2/images/{image}/import"
        status, answer = service.request("POST", path, body, {"Content-Type": "application/json"})
        assert status == 202, answer
        return image


@pytest.fixture(params=("postgres", "mariadb"))
def downloading(request, tmp_path, bucket):
    with getattr(backends, request.param)() as database, ExitStack() as ends:
        downloading = Downloading(tmp_path, database, bucket)
        for node in (downloading.remote, downloading.pair[0]):
            node.sync()
        for node in (downloading.remote, *downloading.pair):
            ends.enter_context(running(node))
        yield downloading


def test_what_a_killed_node_was_downloading_another_rolls_back(downloading, bucket):
    """The token of whoever asked was in the memory of the dead one, and nowhere else."""
    one, two = downloading.pair
    other = downloading.service(two)

    with frozen("GLANCE_TEST_S3_S3S_PID"):
        image = downloading.begin(downloading.service(one))
        one.kill()

    assert wait_until(lambda: is_settled(other, image), TAKEN_OVER), other.show(image)
    assert other.show(image)["status"] == "queued"
    told = json.loads(other.request("GET", f"/v2/images/{image}/tasks")[1])["tasks"][0]
    assert told["status"] == "failure" and "token" in told["message"], told
    assert not one.staged() and not two.staged()
    assert bucket.objects() == set()
    code, said = two.run("fsck")
    assert code == 0, said


@pytest.mark.parametrize("method", METHODS)
def test_one_reading_fills_several_stores(nodes, web, method):
    one, _ = nodes
    service = http.Service(one.url)

    image = begin(one, service, method, web, ["far", "bucket"])

    assert wait_until(lambda: is_settled(service, image), 60)
    stores = ["far", "bucket"] + ["near"] * (method == "copy-image")
    has_all(service, image, stores)


class Mirrors:
    """A server of a store `near` and of one that is both a folder and a bucket, to which the line is
    slow."""

    def __init__(self, folder, web):
        server = "GLANCE_TEST_S3_MOTO"
        self.line = Line(urlsplit(os.environ[server]).port, rate=12)
        self.bucket = Bucket(server, line=self.line.url, large=5, chunk=5)
        self.folder = folder / "kept"
        members = {"kept": files(self.folder), "sent": self.bucket.store()}
        groups = [GROUP.format(name=name, options=members[name][1]) for name in members]
        mirrored = "\n".join(["mirrored_stores = kept:file, sent:s3", *groups])
        self.node = Node(
            folder, database=f"sqlite:///{folder}/glance.sqlite", web=[web],
            stores={"near": files(folder / "near"), "both": ("mirrored", mirrored)},
        )  # fmt: skip
        self.node.sync()
        self.node.start()


@pytest.fixture
def mirrors(tmp_path, web):
    mirrors = Mirrors(tmp_path, web)
    yield mirrors
    mirrors.node.kill()
    mirrors.line.close()


def test_a_copy_to_mirrors_is_whole_after_its_server_was_killed(mirrors, web):
    node, bucket = mirrors.node, mirrors.bucket
    service = http.Service(node.url)
    image = begin(node, service, "copy-image", web, ["both"])
    assert wait_until(lambda: image in mirrors.line.seen, 30)

    node.kill()
    assert bucket.uploads() == [image] and bucket.objects() == set()
    mirrors.line.rate = None
    node.start()

    assert wait_until(lambda: is_settled(service, image), TAKEN_OVER), service.show(image)
    has_all(service, image, ["near", "both"])
    assert [path.name for path in mirrors.folder.rglob("*") if path.is_file()] == [image]
    assert (mirrors.folder / image).read_bytes() == DATA
    assert bucket.uploads() == [] and bucket.objects() == {image}
    assert bucket.read(image) == DATA
    code, said = node.run("fsck")
    assert code == 0, said
