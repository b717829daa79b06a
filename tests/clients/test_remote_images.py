"""Images of another Glance: regions of a real Keystone's catalog, one of them Python Glance."""

import hashlib
import json
import os
import time
import uuid

import pytest

from harness import backends, keystone
from harness.command import run
from harness.keystone import call, token_of
from harness.python_glance import PythonGlance
from harness.server import Process, free_port, program

pytestmark = pytest.mark.skipif(
    "GLANCE_PEER_URL" in os.environ, reason="starts servers of its own"
)

CONFIG = """\
[DEFAULT]
enabled_import_methods = [web-download,glance-download]
node_staging_uri = file://{folder}/staging/
debug = true

[database]
connection = {database}

[glance_store]
filesystem_store_datadir = {folder}/images

[import_filtering_opts]
allowed_hosts = [127.0.0.1]
allowed_ports = [{allowed}]

[paste_deploy]
flavor = keystone

{authtoken}
[glance_rs]
bind_host = 127.0.0.1
bind_port = {port}
import_allowed_hosts = 127.0.0.1
"""

DATA = os.urandom(5 << 20)
COMES_ALONG = {"hw_cpu_cores": "5", "trait:STORAGE_DISK_SSD": "required", "os_distro": "rhel"}


def prepare(folder, port, allowed, database=None):
    """A folder with all that a server of a region needs: it reads from others at these ports alone."""
    for name in ("images", "staging"):
        (folder / name).mkdir(parents=True)
    (folder / "glance-api.conf").write_text(CONFIG.format(
        folder=folder,
        port=port,
        database=database or f"sqlite:///{folder}/glance.sqlite",
        allowed=",".join(map(str, allowed)),
        authtoken=keystone.authtoken(),
    ))  # fmt: skip
    sync = Process([*program(), "db", "sync", *configured(folder)], "", folder / "sync.log")
    sync.run_once()


def configured(folder):
    return ["--config-file", str(folder / "glance-api.conf")]


class Region(Process):
    """A server of ours in a region."""

    def __init__(self, folder, port):
        self.folder, self.log = folder, folder / "server.log"
        command = [*program(), "serve", *configured(folder)]
        super().__init__(command, f"http://127.0.0.1:{port}", self.log)


class Cloud:
    """The regions North and South, which are ours, and East, which is Python Glance's; with an image
    of alice in North and in East. Images may come from those two."""

    def __init__(self, folder, database):
        self.suffix = uuid.uuid4().hex[:6]
        north, south, east, shut = (free_port() for _ in range(4))
        prepare(folder / "north", north, [north])
        prepare(folder / "south", south, [north, east])
        prepare(folder / "east", east, [north], database)
        self.north, self.south = Region(folder / "north", north), Region(folder / "south", south)
        self.east = PythonGlance(folder / "east", f"http://127.0.0.1:{east}")
        self.kept_in_east = folder / "east/images"
        for server in (self.north, self.south, self.east):
            server.start()
        names = ("North", "South", "East", "Shut")
        self.region = {name: f"{name}-{self.suffix}" for name in names}
        keystone.add_endpoints({
            self.region["North"]: self.north.url,
            self.region["South"]: self.south.url,
            self.region["East"]: self.east.url,
            self.region["Shut"]: f"http://127.0.0.1:{shut}",
        })  # fmt: skip
        self.alice = token_of("alice", "alpha")
        self.bob = token_of("bob", "beta")
        self.source = self.filled(self.north)
        self.python_source = self.filled(self.east)

    def end(self):
        for server in (self.south, self.north, self.east):
            server.stop()

    def filled(self, region):
        """A new image of alice, with its data."""
        image = self.create(region, speed="88mph", **COMES_ALONG)
        url = f"{region.url}/v2/images/{image}/file"
        media = "application/octet-stream"
        assert call("PUT", url, self.alice, DATA, media)[0] == 204
        return image

    def create(self, region, token=None, **fields):
        draft = {"name": "disk", "disk_format": "raw", "container_format": "bare", **fields}
        status, _, body = call("POST", f"{region.url}/v2/images", token or self.alice, draft)
        assert status == 201, body
        return json.loads(body)["id"]

    def show(self, image, token=None, *, at=None):
        url = f"{(at or self.south).url}/v2/images/{image}"
        status, _, body = call("GET", url, token or self.alice)
        assert status == 200, body
        return json.loads(body)

    def from_python(self):
        """What a request says for the image of East."""
        return {"glance_region": self.region["East"], "glance_image_id": self.python_source}

    def imported(self, image, token=None, *, at=None, **asked):
        """Asks South, or another, for an import into the image; gives how the last one ended, or the
        refusal."""
        token, at = token or self.alice, at or self.south
        method = {
            "name": "glance-download",
            "glance_region": self.region["North"],
            "glance_image_id": self.source,
            **asked,
        }
        url = f"{at.url}/v2/images/{image}"
        status, _, body = call("POST", f"{url}/import", token, {"method": method})
        if status != 202:
            return status, body.decode()
        return self.ended(image, token, at=at)

    def ended(self, image, token=None, *, at=None):
        url = f"{(at or self.south).url}/v2/images/{image}/tasks"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            tasks = json.loads(call("GET", url, token or self.alice)[2])["tasks"]
            task = max(tasks, key=lambda task: task["created_at"])
            if task["status"] in ("success", "failure"):
                return task["status"], task["message"]
            time.sleep(0.05)
        raise AssertionError("the import does not end")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with backends.mariadb() as database:
        cloud = Cloud(tmp_path_factory.mktemp("regions"), database)
        yield cloud
        cloud.end()


def check(cloud, image, *, at=None):
    at = at or cloud.south
    shown = cloud.show(image, at=at)
    assert shown["status"] == "active"
    assert shown["os_hash_value"] == hashlib.sha512(DATA).hexdigest()
    assert {name: shown[name] for name in COMES_ALONG} == COMES_ALONG
    assert "speed" not in shown
    assert call("GET", f"{at.url}/v2/images/{image}/file", cloud.alice)[2] == DATA


def test_data_formats_and_properties_come_from_another_region(cloud):
    image = cloud.create(
        cloud.south, disk_format="iso", container_format="ovf", os_distro="windows"
    )

    # Regions are told apart without case.
    ended = cloud.imported(image, glance_region=cloud.region["North"].upper())

    assert ended[0] == "success", ended
    check(cloud, image)
    shown = cloud.show(image)
    assert (shown["disk_format"], shown["container_format"]) == ("raw", "bare")


def test_data_formats_and_properties_come_from_python_glance(cloud):
    image = cloud.create(
        cloud.south, disk_format="iso", container_format="ovf", os_distro="windows"
    )

    ended = cloud.imported(image, **cloud.from_python())

    assert ended[0] == "success", ended
    check(cloud, image)
    shown = cloud.show(image)
    assert (shown["disk_format"], shown["container_format"]) == ("raw", "bare")


def test_what_python_glance_gives_other_than_it_tells_is_refused(cloud):
    source = cloud.filled(cloud.east)
    (cloud.kept_in_east / source).write_bytes(bytes(len(DATA)))
    image = cloud.create(cloud.south)

    status, message = cloud.imported(
        image, **{**cloud.from_python(), "glance_image_id": source}
    )

    assert status == "failure" and "came with another hash" in message, message
    assert cloud.show(image)["status"] == "queued"


def test_python_glance_imports_what_is_ours(cloud):
    image = cloud.create(cloud.east, os_distro="windows")

    ended = cloud.imported(image, at=cloud.east)

    assert ended[0] == "success", ended
    check(cloud, image, at=cloud.east)


def test_python_s_client_imports_from_another_region(cloud, home):
    image = cloud.create(cloud.south)
    own = ["--os-auth-url", f"{keystone.url()}/v3", "--os-username", "alice", "--os-password"]
    own += ["secret", "--os-user-domain-id", "default", "--os-project-domain-id", "default"]
    own += ["--os-project-name", "alpha", "--os-region-name", cloud.region["South"]]
    asked = ["--import-method", "glance-download", "--remote-image-id", cloud.source]

    run(home, "glance", *own, "image-import", image, *asked, "--remote-region",
        cloud.region["North"])  # fmt: skip

    assert cloud.ended(image)[0] == "success"
    check(cloud, image)


def test_our_own_client_imports_from_another_region(cloud):
    image = cloud.create(cloud.south)
    command = [*program(), "--os-image-url", cloud.south.url, "--os-auth-token", cloud.alice]
    command += ["image-import", image, "--import-method", "glance-download"]
    command += ["--remote-region", cloud.region["North"], "--remote-image-id", cloud.source]

    Process(command, "", cloud.south.folder / "client.log").run_once()

    assert cloud.ended(image)[0] == "success"
    check(cloud, image)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"glance_region": "Nowhere"}, "no `public` endpoint of type image in region `Nowhere`"),
        ({"glance_service_interface": "admin"}, "has no `admin` endpoint of type image"),
        ({"glance_image_id": str(uuid.UUID(int=7))}, "has no image 00000000-"),
        ({"glance_image_id": "queued"}, "is in status `queued`, and not active"),
        ({"glance_region": "Shut"}, "the address is not allowed"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_image_stays_queued(cloud, asked, reason):
    if asked.get("glance_image_id") == "queued":
        asked = {"glance_image_id": cloud.create(cloud.north)}
    if asked.get("glance_region") == "Shut":
        asked = {"glance_region": cloud.region["Shut"]}
    image = cloud.create(cloud.south, os_distro="windows")

    status, message = cloud.imported(image, **asked)

    assert status == "failure" and reason in message, message
    shown = cloud.show(image)
    assert (shown["status"], shown["os_distro"]) == ("queued", "windows")
    assert "hw_cpu_cores" not in shown
    # Nothing is in its way afterwards.
    assert cloud.imported(image)[0] == "success"


def test_another_s_image_is_not_there(cloud):
    image = cloud.create(cloud.south, cloud.bob)

    status, message = cloud.imported(image, cloud.bob)

    assert status == "failure" and "has no image" in message, message
    assert cloud.show(image, cloud.bob)["status"] == "queued"


def test_a_request_that_names_no_image_is_refused(cloud):
    image = cloud.create(cloud.south)
    for asked, wrong in [
        ({"glance_region": None}, "glance_region"),
        ({"glance_image_id": None}, "glance_image_id"),
        ({"glance_image_id": "foo"}, "does not look like a UUID"),
        ({"glance_image_id": 7}, "must be a string"),
    ]:
        status, answer = cloud.imported(image, **asked)
        assert status == 400 and wrong in answer, answer
    unformatted = cloud.create(cloud.south, container_format=None)
    assert cloud.imported(unformatted)[0] == 409
    assert cloud.show(image)["status"] == "queued"


def test_no_row_and_no_log_holds_a_token(cloud):
    tokens = [token.encode() for token in (cloud.alice, cloud.bob)]
    for region in (cloud.north, cloud.south):
        for path in region.folder.glob("glance.sqlite*"):
            assert not any(token in path.read_bytes() for token in tokens), path
        assert not any(token in region.log.read_bytes() for token in tokens)


def test_a_server_that_knows_no_catalog_does_not_start_with_it(tmp_path, cloud):
    config = (cloud.south.folder / "glance-api.conf").read_text()
    config = config.replace("flavor = keystone", "flavor = headers")
    (tmp_path / "glance-api.conf").write_text(config)
    command = [*program(), "serve", "--config-file", str(tmp_path / "glance-api.conf")]

    with pytest.raises(AssertionError, match="needs flavor `keystone`"):
        Process(command, "", tmp_path / "log").run_once()
