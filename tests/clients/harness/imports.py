"""A server that imports in every way, with plugins, into files and into a bucket."""

import hashlib
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import http
from harness.backends import Bucket, wait_until
from harness.command import run
from harness.nodes import Node, files
from harness.own import ADMIN, Own
from harness.proxy import IdentityProxy

# The ways that bring data from outside.
METHODS = ("glance-direct", "web-download")


class Web:
    """A web server that gives the same to whoever asks for anything."""

    def __init__(self):
        self.data = b""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.web = self
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/image"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def end(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        data = self.server.web.data
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what the server has read is enough for it

    def log_message(self, *_):
        pass


class Setup(Own):
    """A server of stores `near` and `far`, which are files, and `bucket`. `own` are options of ours,
    `groups` more groups of options."""

    def __init__(self, folder, *, own="", plugins=(), flavor="headers", groups=""):
        self.home, self.web, self.bucket = folder, Web(), Bucket("GLANCE_TEST_S3_S3S")
        self.places = {name: folder / "shared" / name for name in ("near", "far")}
        listed = f"[image_import_opts]\nimage_import_plugins = [{','.join(plugins)}]\n"
        stores = {name: files(place) for name, place in self.places.items()}
        self.server = Node(
            folder, database=f"sqlite:///{folder}/glance.sqlite",
            stores={**stores, "bucket": self.bucket.store()}, web=[self.web.port],
            flavor=flavor, more=own + listed + groups,
        )  # fmt: skip
        self.server.sync()
        self.server.start()
        self.service = http.Service(self.server.url)
        self.proxy = IdentityProxy(self.server.url, ADMIN)

    def end(self):
        super().end()
        self.web.end()

    def glance(self, *words):
        options = ["--os-image-url", self.proxy.url, "--os-auth-token", "unused"]
        return run(self.home, "glance", *options, *words)

    def begin(self, method, image, data, stores):
        """Asks for an import of the data into stores."""
        named = {"name": method}
        if method == "web-download":
            self.web.data = data
            named["uri"] = self.web.url
        else:
            path = f"/v2/images/{image}/stage"
            status, said = self.service.request("PUT", path, data, http.OCTETS)
            assert status == 204, said
        asked = json.dumps({"method": named, "stores": stores})
        kind = {"Content-Type": "application/json"}
        status, said = self.service.request("POST", f"/v2/images/{image}/import", asked, kind)
        assert status == 202, said

    def imported(self, method, data, stores, *, format="raw", **properties):
        """An image that the data was imported to, or was not."""
        image = self.service.create(disk_format=format, **properties)
        self.begin(method, image, data, stores)
        self.ended(image)
        return image

    def ended(self, image):
        shows = lambda: self.service.show(image)
        assert wait_until(lambda: "os_glance_import_task" not in shows(), 60), shows()

    def task(self, image):
        """The last task of an image."""
        status, body = self.service.request("GET", f"/v2/images/{image}/tasks")
        assert status == 200, body
        return max(json.loads(body)["tasks"], key=lambda task: task["created_at"])

    def blobs(self, image):
        """The stores that hold something under its name."""
        held = {name for name, place in self.places.items() if list(place.glob(f"*{image}*"))}
        if any(image in key for key in self.bucket.objects()):
            held.add("bucket")
        return held

    def has(self, image, data, stores):
        """The image is active, and the data is what every store has."""
        shown = self.service.show(image)
        assert shown["status"] == "active", self.task(image)
        assert self.task(image)["status"] == "success"
        assert shown["size"] == len(data)
        assert shown["os_hash_value"] == hashlib.sha512(data).hexdigest()
        assert set(shown["stores"].split(",")) == set(stores) == self.blobs(image)
        assert self.service.download(image) == len(data)
        assert self.is_clean(image)

    def has_nothing(self, image, stores, reason):
        """The image is as it was before, and the task says why. The first store that fails ends an
        import."""
        shown, task = self.service.show(image), self.task(image)
        assert (task["status"], shown["status"]) == ("failure", "queued"), task
        assert reason in task["message"]
        assert (shown["size"], shown["checksum"], shown["os_hash_value"]) == (None, None, None)
        assert shown["os_glance_failed_import"] == stores[0]
        assert not shown.get("stores")
        assert self.blobs(image) == set()
        assert self.is_clean(image)

    def is_clean(self, image):
        """Nothing is staged, and nothing lies where disks are converted; soon, at the latest."""
        return wait_until(lambda: not self.server.staged() and not self.converting(), 10)

    def converting(self):
        """Disks that are being converted, as files."""
        folder = self.server.staging / ".glance-conversion"
        return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


def disk(folder, format, mebibytes=4, *options):
    """A raw disk of noise and holes, and the same in a format."""
    raw = folder / "disk.raw"
    with raw.open("wb") as file:
        for part in range(mebibytes):
            file.seek(part << 20)
            file.write(http.CHUNK if part % 2 else b"a few bytes")
        file.truncate(mebibytes << 20)
    made = folder / f"disk.{format}"
    qemu = {"vhd": "vpc"}.get(format, format)
    convert = ("qemu-img", "convert", "-f", "raw", "-O", qemu, *options)
    if made != raw:
        subprocess.run([*convert, str(raw), str(made)], check=True)
    return raw, made
