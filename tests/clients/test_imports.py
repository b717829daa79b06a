"""Real clients import images: what they staged, and copies to more stores."""

import json
import os
import time

import pytest

from harness import disks
from harness.command import run
from harness.own import Own

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up a server of its own"
)


class Setup(Own):
    """A server with two stores and a staging area."""

    def __init__(self, folder):
        super().__init__(folder, spare=True)
        self.folder = folder

    def glance(self, *words):
        options = ["--os-image-url", self.proxy.url, "--os-auth-token", "unused"]
        return run(self.home, "glance", *options, *words)

    def stage(self, name, data):
        sdk = self.sdk()
        image = sdk.create_image(name, disk_format="raw", container_format="bare")
        with data.path.open("rb") as disk:
            sdk.stage_image(image, data=disk)
        return image

    def copies(self, image):
        """The stores that hold its data."""
        places = {"local": "images", "spare": "spare"}
        return {name for name, place in places.items() if (self.folder / place / image.id).exists()}

    def ended(self, image):
        """The image, once nothing is imported to it any more."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            shown = self.sdk().get_image(image.id)
            if "os_glance_import_task" not in shown.properties:
                return shown
            time.sleep(0.05)
        raise AssertionError("the import does not end")


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    setup = Setup(tmp_path_factory.mktemp("imports"))
    yield setup
    setup.end()


@pytest.fixture
def data(disk_of):
    return disk_of("raw")


def check(setup, image, data, stores, tmp_path):
    shown = setup.ended(image)
    assert shown.status == "active"
    assert shown.checksum == data.digest("md5")
    assert shown.hash_value == data.digest("sha512")
    assert setup.copies(image) == stores
    assert set(shown.properties["stores"].split(",")) == stores
    assert shown.properties["os_glance_importing_to_stores"] == ""
    assert shown.properties["os_glance_failed_import"] == ""
    assert not (setup.folder / "staging" / image.id).exists()
    copy = tmp_path / "copy"
    setup.sdk().download_image(image.id, output=str(copy))
    assert disks.digest(copy, "sha512") == data.digest("sha512")


def test_glance_creates_an_image_by_way_of_an_import(setup, data, tmp_path):
    setup.glance(
        "image-create-via-import", "--import-method", "glance-direct", "--file", str(data.path),
        "--disk-format", "raw", "--container-format", "bare", "--name", "by-glance",
    )  # fmt: skip

    image = setup.sdk().find_image("by-glance")
    check(setup, image, data, {"local"}, tmp_path)


def test_openstack_imports_what_was_staged(setup, data, tmp_path):
    image = setup.stage("by-openstack", data)

    setup.openstack("image", "import", "--method", "glance-direct", "--wait", image.id)

    check(setup, image, data, {"local"}, tmp_path)


def test_the_sdk_imports_to_all_stores(setup, data, tmp_path):
    image = setup.stage("by-the-sdk", data)

    setup.sdk().import_image(image, method="glance-direct", all_stores=True)

    check(setup, image, data, {"local", "spare"}, tmp_path)


def test_an_image_is_copied_to_another_store(setup, data, tmp_path):
    image = setup.stage("to-copy", data)
    setup.sdk().import_image(image, method="glance-direct")
    assert setup.ended(image).status == "active"

    setup.openstack(
        "image", "import", "--method", "copy-image", "--store", "spare", "--wait", image.id
    )

    check(setup, image, data, {"local", "spare"}, tmp_path)


def test_the_tasks_of_an_image_tell_of_its_import(setup, data):
    image = setup.stage("with-tasks", data)
    setup.sdk().import_image(image, method="glance-direct", stores=["spare"])
    setup.ended(image)

    [task] = json.loads(setup.openstack("image", "task", "list", "-f", "json"))[:1]
    shown = setup.glance("image-tasks", image.id)

    assert task["Status"] == "success"
    assert "success" in shown


def test_an_import_outlives_a_crash(setup, data, tmp_path):
    image = setup.stage("crashed", data)
    setup.sdk().import_image(image, method="glance-direct", all_stores=True)

    setup.server.kill()
    setup.server.start()

    check(setup, image, data, {"local", "spare"}, tmp_path)


def test_data_of_another_format_is_refused_and_the_task_says_why(setup, disk_of):
    sdk = setup.sdk()
    image = sdk.create_image("other", disk_format="qcow2", container_format="bare")
    with disk_of("vdi").path.open("rb") as disk:
        sdk.stage_image(image, data=disk)

    sdk.import_image(image, method="glance-direct")

    shown = setup.ended(image)
    assert (shown.status, shown.size) == ("queued", None)
    assert shown.properties["os_glance_failed_import"] == "local"
    assert setup.copies(image) == set()
    assert "failure" in setup.glance("image-tasks", image.id)
