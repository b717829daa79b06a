"""Real clients on several stores at once, and on each of the databases."""

import os

import pytest

from harness import backends, disks, http
from harness.backends import Bucket
from harness.glance_cli import GlanceCli
from harness.image import Refused
from harness.own import ADMIN, Own
from harness.proxy import IdentityProxy
from harness.server import OwnServer

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="sets up a server of its own"
)


class Setup(Own):
    """A server with two stores."""

    def __init__(self, folder, bucket):
        super().__init__(folder, bucket=bucket)
        self.bucket = bucket
        self.glance = GlanceCli(self.server.url, self.proxy, folder)


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    setup = Setup(tmp_path_factory.mktemp("stores"), Bucket("GLANCE_TEST_S3_MOTO"))
    yield setup
    setup.end()


@pytest.fixture
def data(disk_of):
    return disk_of("raw")


def test_clients_are_told_of_the_stores_and_which_is_the_default(setup):
    told = setup.glance.stores()

    assert set(told) == {"local", "bucket"}
    assert told["local"]["default"] in (True, "true")
    assert "default" not in told["bucket"]
    assert told["bucket"]["description"] == "a bucket"
    listed = setup.openstack("image", "stores", "list", "-f", "value", "-c", "ID")
    assert sorted(listed.split()) == ["bucket", "local"]
    assert {store.id for store in setup.sdk().stores()} == {"bucket", "local"}


def test_administrators_are_told_how_the_stores_are_set_up_but_no_keys(setup):
    told = setup.glance.stores("--detail")

    assert {name: told[name]["type"] for name in told} == {"local": "file", "bucket": "s3"}
    assert told["bucket"]["properties"]["s3_store_large_object_size"] == 100
    assert "secret" not in str(told)


def test_an_image_goes_to_the_store_that_the_client_names(setup, data, tmp_path):
    image = setup.glance.create("named", data, store="bucket")

    assert setup.glance.stores_of(image.id) == ["bucket"]
    assert image.checksum == data.digest("md5")
    assert image.hash_value == data.digest("sha512")
    assert setup.bucket.objects() == {image.id}
    assert not (setup.server.images / image.id).exists()
    setup.glance.download(image.id, tmp_path / "copy")
    assert disks.digest(tmp_path / "copy", "sha512") == data.digest("sha512")

    setup.glance.delete(image.id)

    assert setup.bucket.objects() == set()
    with pytest.raises(Refused, match="404|[Nn]o image found"):
        setup.glance.show(image.id)


def test_data_that_is_uploaded_later_goes_to_the_store_that_the_client_names(setup, data, tmp_path):
    image = setup.glance.create("later")
    assert setup.glance.stores_of(image.id) == []

    setup.glance.upload(image.id, data.path, "bucket")

    assert setup.glance.stores_of(image.id) == ["bucket"]
    setup.openstack("image", "save", "--file", str(tmp_path / "copy"), image.id)
    assert disks.digest(tmp_path / "copy", "md5") == data.digest("md5")
    setup.openstack("image", "delete", image.id)
    assert setup.bucket.objects() == set()


def test_an_image_goes_to_the_default_store_where_no_client_names_one(setup, data):
    image = setup.glance.create("default", data)

    assert setup.glance.stores_of(image.id) == ["local"]
    assert (setup.server.images / image.id).read_bytes() == data.path.read_bytes()
    assert setup.bucket.objects() == set()
    setup.glance.delete(image.id)
    assert not (setup.server.images / image.id).exists()


def test_a_store_that_does_not_exist_is_refused_and_the_image_stays_queued(setup):
    service = http.Service(setup.server.url)
    image = service.create("nowhere")

    assert service.upload(image, 1, store="attic") == 400

    assert service.show(image)["status"] == "queued"
    service.delete(image)


@pytest.fixture(params=(backends.postgres, backends.mariadb), ids=lambda made: made.__name__)
def database(request):
    with request.param() as url:
        yield url


def test_clients_work_on_the_database(database, data, tmp_path):
    server = OwnServer(tmp_path, database=database)
    proxy = IdentityProxy(server.url, ADMIN)
    glance = GlanceCli(server.url, proxy, tmp_path)

    image = glance.create("kept", data, tags=["one", "two"], properties={"os_distro": "debian"})
    assert (image.status, image.checksum) == ("active", data.digest("md5"))
    assert (image.tags, image.properties["os_distro"]) == ({"one", "two"}, "debian")
    glance.update(image.id, name="renamed")
    queued = glance.create("queued")
    assert glance.names(property="os_distro=debian") == ["renamed"]
    assert set(glance.names()) == {"renamed", "queued"}

    server.stop()
    server.start()

    glance.download(image.id, tmp_path / "copy")
    assert disks.digest(tmp_path / "copy", "sha512") == data.digest("sha512")
    glance.delete(image.id)
    glance.delete(queued.id)
    assert glance.names() == []
    assert list(server.images.iterdir()) == []
    proxy.close()
    server.stop()
