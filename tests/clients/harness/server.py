"""The server under test: our own process, or one that already runs."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

CONFIG = """\
[DEFAULT]
enabled_import_methods = [glance-direct,web-download,copy-image]
node_staging_uri = file://{folder}/staging/
{backends}
[database]
connection = {database}

{stores}
[paste_deploy]
flavor = headers

[glance_rs]
bind_host = 127.0.0.1
bind_port = {port}
{imports}"""

ONE_STORE = """\
[glance_store]
filesystem_store_datadir = {folder}/images
"""
# Beside the files, which are the default, one in a bucket.
TWO_STORES = """\
[glance_store]
default_backend = local

[local]
filesystem_store_datadir = {folder}/images

[bucket]
store_description = a bucket
{bucket}
"""


# Imports may read from one port of this machine.
IMPORTS = """\
import_allowed_hosts = 127.0.0.1

[import_filtering_opts]
allowed_ports = [{port}]
"""

# Beside the files, which are the default, web servers: of all of 127.0.0.0/8, only one at one port.
FILES_AND_WEB = """\
[glance_store]
default_backend = local

[local]
filesystem_store_datadir = {folder}/images

[web]
http_allowed_hosts = 127.0.0.1
http_allowed_ports = {web}
"""


# Beside the files, which are the default, other files; and data on its way to them.
TWO_FOLDERS = """\
[glance_store]
default_backend = local

[local]
filesystem_store_datadir = {folder}/images

[spare]
filesystem_store_datadir = {folder}/spare

[os_glance_staging_store]
filesystem_store_datadir = {folder}/staging
"""


class RunningServer:
    """A server that somebody else started."""

    def __init__(self, url):
        self.url = url

    def stop(self):
        pass


class Process:
    """A server that is started here, at `url`, with all it says in the file `log`."""

    def __init__(self, command, url, log, environment=None):
        self.url = url
        self._command = command
        self._log_path = log
        self._environment = environment

    def start(self):
        """Starts the server, again after `kill`; gives the seconds to its first answer."""
        begun = time.monotonic()
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=self._environment
            )
        self._wait_until_healthy()
        return time.monotonic() - begun

    def run_once(self):
        """Runs the command to its end, which has to be a good one."""
        with self._log_path.open("ab") as log:
            done = subprocess.run(self._command, stdout=log, stderr=log, timeout=60)
        assert done.returncode == 0, self._log()

    def kill(self):
        """Ends the server as a crash does."""
        self._process.kill()
        self._process.wait()

    @property
    def pid(self):
        return self._process.pid

    def peak_memory(self):
        """The most bytes that were ever resident."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def stop(self):
        """Asks the server to end, and insists that it ends well."""
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError("the server ignored SIGTERM for 30 seconds") from None
        assert code == 0, f"the server ended with {code}:\n{self._log()}"

    def _wait_until_healthy(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"the server ended:\n{self._log()}"
            try:
                with urllib.request.urlopen(f"{self.url}/healthcheck", timeout=5):
                    return
            except OSError:
                time.sleep(0.01)
        self._process.kill()
        raise AssertionError(f"no healthy server within 30 seconds:\n{self._log()}")

    def _log(self):
        return self._log_path.read_text(errors="replace")[-4000:]


class OwnServer(Process):
    """A server of our own, with its database and its images in `folder`.

    `database` is the URL of another database. With a `bucket` there are two stores: `local`, which
    is the default, and `bucket`; with the port of a web server, `local` and `web`; with `spare`,
    `local` and `spare`. Imports may read from the port `imports` of this machine.
    """

    def __init__(
        self, folder, *, database=None, bucket=None, web=None, spare=False, imports=None
    ):
        port = free_port()
        for name in ("images", "spare", "staging"):
            (folder / name).mkdir(exist_ok=True)
        self.images = folder / "images"
        config = folder / "glance-api.conf"
        backends, stores = "", ONE_STORE
        if bucket:
            backends, stores = "enabled_backends = local:file, bucket:s3\n", TWO_STORES
        if web:
            backends, stores = "enabled_backends = local:file, web:http\n", FILES_AND_WEB
        if spare:
            backends, stores = "enabled_backends = local:file, spare:file\n", TWO_FOLDERS
        config.write_text(CONFIG.format(
            folder=folder,
            port=port,
            backends=backends,
            database=database or f"sqlite:///{folder}/glance.sqlite",
            imports=IMPORTS.format(port=imports) if imports else "",
            stores=stores.format(folder=folder, bucket=bucket and bucket.options(), web=web),
        ))  # fmt: skip
        configured = ["--config-file", str(config)]
        log_path = folder / "server.log"
        super().__init__([*program(), "serve", *configured], f"http://127.0.0.1:{port}", log_path)
        with log_path.open("wb") as log:
            sync = [*program(), "db", "sync", *configured]
            subprocess.run(sync, stdout=log, stderr=log, check=True)
        self.start()


def start(folder):
    """GLANCE_PEER_URL names a running server; without it, one is started from GLANCE_BIN."""
    peer = os.environ.get("GLANCE_PEER_URL")
    return RunningServer(peer.rstrip("/")) if peer else OwnServer(folder)


def program():
    if command := os.environ.get("GLANCE_BIN"):
        return command.split()
    for profile in ("release", "debug"):
        program = REPOSITORY / "target" / profile / "glance"
        if program.exists():
            return [str(program)]
    raise AssertionError("no glance program: build it, or name it in GLANCE_BIN")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
