"""Tasks that make images: python-glanceclient and the command `glance` ask for them."""

import json
import os
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import glanceclient
import glanceclient.exc
import pytest

from harness.command import run
from harness.own import Own
from harness.server import program

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up a server of its own"
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """A web server; gives its folder and its address."""
    folder = tmp_path_factory.mktemp("web")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def own(tmp_path_factory, web):
    own = Own(tmp_path_factory.mktemp("tasks"), imports=int(web[1].rsplit(":", 1)[1]))
    yield own
    own.end()


@pytest.fixture
def client(own):
    return glanceclient.Client("2", endpoint=own.proxy.url, token="unused")


@pytest.fixture
def disk(web, disk_of):
    """A disk on the web; gives it and its address."""
    folder, url = web
    disk = disk_of("qcow2")
    (folder / "disk.qcow2").write_bytes(disk.path.read_bytes())
    return disk, f"{url}/disk.qcow2"


def task_input(url, **properties):
    return {"import_from": url, "import_from_format": "qcow2", "image_properties": properties}


def ended(client, task):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        shown = client.tasks.get(task)
        if shown.status in ("success", "failure"):
            return shown
        time.sleep(0.05)
    raise AssertionError("the task does not end")


def test_python_makes_an_image_by_a_task(client, disk):
    data, url = disk
    wanted = task_input(url, name="by-task", disk_format="qcow2", container_format="bare")

    begun = client.tasks.create(type="import", input=wanted)

    assert begun.status == "pending"
    task = ended(client, begun.id)
    assert (task.status, task.input) == ("success", wanted)
    image = client.images.get(task.result["image_id"])
    assert (image.status, image.name) == ("active", "by-task")
    assert image.os_hash_value == data.digest("sha512")


def test_the_command_makes_an_image_by_a_task(own, client, disk):
    data, url = disk
    words = ["task-create", "--type", "import", "--input", json.dumps(task_input(url))]
    options = ["--os-image-url", own.proxy.url, "--os-auth-token", "unused"]

    run(own.home, *program(), *options, *words)

    [newest] = [task.id for task in client.tasks.list()][:1]
    image = client.images.get(ended(client, newest).result["image_id"])
    assert (image.disk_format, image.container_format) == ("qcow2", "bare")
    assert image.os_hash_value == data.digest("sha512")


def test_the_image_of_a_task_that_fails_is_gone(client, web):
    before = [image.id for image in client.images.list()]
    wanted = task_input(f"{web[1]}/nothing", disk_format="qcow2", container_format="bare")

    task = ended(client, client.tasks.create(type="import", input=wanted).id)

    assert (task.status, task.result) == ("failure", None)
    assert "404" in task.message
    assert [image.id for image in client.images.list()] == before


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://169.254.169.254/latest"])
def test_what_is_not_on_the_web_is_refused(client, url):
    with pytest.raises(glanceclient.exc.HTTPBadRequest, match="import_from"):
        client.tasks.create(type="import", input=task_input(url))
