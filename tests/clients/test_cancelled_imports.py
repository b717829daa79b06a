"""An operator cancels imports that a server is at."""

import time
from contextlib import suppress

import pytest

from harness import http
from harness.backends import wait_until
from harness.importing import ask, last_task
from harness.nodes import Node, files, running
from harness.web import MEBIBYTE, Web, noise

# A server looks every five seconds whether its imports are to go on.
SOON = 20


def drip(handler):
    """A MiB a second, for an hour."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(3600 * MEBIBYTE))
    handler.end_headers()
    with suppress(OSError):
        for number in range(3600):
            handler.wfile.write(noise(number))
            time.sleep(1)


@pytest.fixture
def web():
    web = Web(drip)
    yield web
    web.close()


@pytest.fixture
def node(tmp_path, web):
    database = f"sqlite:///{tmp_path}/glance.sqlite"
    stores = {"near": files(tmp_path / "near")}
    node = Node(tmp_path, database=database, stores=stores, web=[web.port])
    node.sync()
    with running(node):
        yield node


def test_a_download_that_is_cancelled_is_rolled_back_within_seconds(node, web, tmp_path):
    service = http.Service(node.url)
    image = service.create()
    ask(service, image, "web-download", uri=f"{web.url}/disk", stores=["near"])
    assert wait_until(lambda: "Copied" in (last_task(service, image)["message"] or ""), 60)
    task = last_task(service, image)["id"]

    code, said = node.run("task", "cancel", task)

    assert code == 0, said
    assert image in said
    told = last_task(service, image)
    assert (told["status"], told["message"]) == ("failure", "cancelled by an operator")
    assert wait_until(lambda: service.show(image)["status"] == "queued", SOON)
    assert [path for path in (tmp_path / "near").rglob("*") if path.is_file()] == []
    told = last_task(service, image)
    assert (told["status"], told["message"]) == ("failure", "cancelled by an operator")
    assert node.run("fsck")[0] == 0
    code, said = node.run("task", "cancel", task)
    assert (code, "`failure` does not become `failure`" in said) == (1, True), said
    assert service.upload(image, 1) == 204
