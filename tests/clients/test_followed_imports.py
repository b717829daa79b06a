"""Our own `glance` imports, and follows what it asked for."""

import json
import os
import subprocess
import time
from contextlib import suppress

import pytest

from harness.backends import wait_until
from harness.own import Own
from harness.server import program
from harness.web import MEBIBYTE, Web, noise

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up a server of its own"
)

RAW = ("--disk-format", "raw", "--container-format", "bare")


class Setup(Own):
    """A server with a staging area."""

    def run(self, *words):
        command = [*program(), "--os-image-url", self.proxy.url, "--json", *words]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def glance(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    setup = Setup(tmp_path_factory.mktemp("imports"))
    yield setup
    setup.end()


@pytest.fixture
def data(disk_of):
    return disk_of("raw")


def is_whole(setup, image, data):
    assert (image["status"], image["size"]) == ("active", data.path.stat().st_size)
    saved = setup.home / "saved"
    setup.glance("image-download", "--file", str(saved), image["id"])
    assert saved.read_bytes() == data.path.read_bytes()


def test_an_image_is_created_from_a_file_and_imported(setup, data):
    file = ("--file", str(data.path))

    image = setup.glance("image-create-via-import", "--name", "n", *RAW, *file, "--wait")

    is_whole(setup, image, data)


def test_staged_data_is_imported(setup, data):
    image = setup.glance("image-create", *RAW)
    setup.glance("image-stage", "--file", str(data.path), image["id"])

    image = setup.glance("image-import", "--wait", image["id"])

    is_whole(setup, image, data)


def test_an_import_that_fails_tells_why(setup, tmp_path):
    qcow2 = tmp_path / "disk.qcow2"
    qcow2.write_bytes(b"QFI\xfb" + bytes(600))
    words = ("image-create-via-import", "--disk-format", "vmdk", "--container-format", "bare")

    failed = setup.run(*words, "--file", str(qcow2), "--wait")

    assert failed.returncode == 1
    assert "was not imported: " in failed.stderr


def test_a_way_that_is_not_offered_makes_no_image(setup):
    before = setup.glance("image-list")

    method = ("--import-method", "carrier-pigeon")
    refused = setup.run("image-create-via-import", *RAW, *method)

    assert refused.returncode == 1
    assert "does not import by carrier-pigeon" in refused.stderr
    assert setup.glance("image-list") == before


def slowly(handler):
    """Eight MiB, two a second."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(8 * MEBIBYTE))
    handler.end_headers()
    with suppress(OSError):
        for number in range(8):
            handler.wfile.write(noise(number))
            time.sleep(0.5)


@pytest.fixture
def web():
    web = Web(slowly)
    yield web
    web.close()


def test_an_import_is_followed_past_a_server_that_dies_and_comes_back(web, tmp_path):
    setup = Setup(tmp_path, imports=web.port)
    words = ("image-create-via-import", *RAW, "--import-method", "web-download", "--wait")
    command = [*program(), "--os-image-url", setup.proxy.url, "--json", *words]
    try:
        following = subprocess.Popen(
            [*command, "--uri", f"{web.url}/disk"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert wait_until(lambda: web.asked, 30)
        time.sleep(1)

        setup.server.kill()
        time.sleep(3)
        assert following.poll() is None
        setup.server.start()

        said, told = following.communicate(timeout=100)
        assert following.returncode == 0, told
        assert "asking again for 120 s" in told
        image = json.loads(said)
        assert (image["status"], image["size"]) == ("active", 8 * MEBIBYTE)
    finally:
        setup.end()
