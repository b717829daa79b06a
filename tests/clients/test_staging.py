"""Real clients keep data aside for an import."""

import json
import os

import pytest

from harness.command import run
from harness.own import Own

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up a server of its own"
)


class Setup(Own):
    """A server with a staging area."""

    def __init__(self, folder):
        super().__init__(folder)
        self.staging = folder / "staging"

    def glance(self, *words):
        options = ["--os-image-url", self.proxy.url, "--os-auth-token", "unused"]
        return run(self.home, "glance", *options, *words)


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    setup = Setup(tmp_path_factory.mktemp("staging"))
    yield setup
    setup.end()


@pytest.fixture
def data(disk_of):
    return disk_of("raw")


@pytest.fixture
def image(setup):
    image = setup.sdk().create_image("staged", disk_format="raw", container_format="bare")
    yield image
    setup.sdk().delete_image(image.id)
    assert not (setup.staging / image.id).exists()


def is_staged(setup, image, data):
    assert (setup.staging / image.id).read_bytes() == data.path.read_bytes()
    shown = setup.sdk().get_image(image.id)
    assert (shown.status, shown.size) == ("uploading", data.path.stat().st_size)


def test_glance_stages_data(setup, image, data):
    setup.glance("image-stage", "--file", str(data.path), image.id)

    is_staged(setup, image, data)


def test_openstack_stages_data(setup, image, data):
    setup.openstack("image", "stage", "--file", str(data.path), image.id)

    is_staged(setup, image, data)


def test_the_sdk_stages_data(setup, image, data):
    with data.path.open("rb") as disk:
        setup.sdk().stage_image(image, data=disk)

    is_staged(setup, image, data)


def test_staged_data_outlives_a_crash(setup, image, data):
    setup.glance("image-stage", "--file", str(data.path), image.id)

    setup.server.kill()
    setup.server.start()

    is_staged(setup, image, data)


def test_clients_are_told_of_the_ways_to_import(setup):
    assert "import-methods" in setup.glance("import-info")
    info = json.loads(setup.openstack("image", "import", "info", "-f", "json"))
    methods = ["glance-direct", "web-download", "copy-image"]
    assert info["import-methods"] == methods
    assert setup.sdk().get_import_info().import_methods["value"] == methods
