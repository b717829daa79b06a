"""An image of 4 GiB from the web, whose server breaks off twice."""

import hashlib
import os

import pytest

from harness import http, web
from harness.backends import wait_until
from harness.importing import ask, last_task
from harness.nodes import Node, files

MEBIBYTES = 4 << 10
# Where the server breaks off, in bytes.
BREAKS = ((1300 << 20) + 17, (2900 << 20) + 4711)
MOST_MEMORY = 64 << 20

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="measures a process of its own"
)


@pytest.fixture
def server():
    server = web.Web(web.Disk(MEBIBYTES, BREAKS))
    yield server
    server.close()


def test_a_huge_download_that_breaks_off_twice_arrives_whole_in_little_memory(tmp_path, server):
    database = f"sqlite:///{tmp_path}/glance.sqlite"
    stores = {"only": files(tmp_path / "only")}
    # The processor does the most of it.
    more = "[DEFAULT]\nhashing_algorithm = sha256"
    node = Node(tmp_path, database=database, stores=stores, web=[server.port], more=more)
    node.sync()
    node.start()
    try:
        service = http.Service(node.url)
        image = service.create()
        ask(service, image, "web-download", uri=f"{server.url}/disk")
        digest = hashlib.sha256()
        for piece in web.pieces(0, MEBIBYTES << 20):
            digest.update(piece)

        assert wait_until(lambda: service.show(image)["status"] != "importing", 600)

        shown = service.show(image)
        assert shown["status"] == "active", last_task(service, image)
        assert shown["size"] == MEBIBYTES << 20
        assert (shown["os_hash_algo"], shown["os_hash_value"]) == ("sha256", digest.hexdigest())
        ranges = [asked.get("Range") for asked in server.asked]
        assert (len(ranges), ranges[0], ranges[2]) == (3, None, f"bytes={BREAKS[1]}-")
        assert node.peak_memory() < MOST_MEMORY
        service.delete(image)
    finally:
        node.kill()
