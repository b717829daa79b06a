"""Servers that share a database and their stores, each with a staging area of its own."""

import subprocess
from pathlib import Path

from harness.server import Process, free_port, program

CONFIG = """\
[DEFAULT]
enabled_import_methods = [glance-direct,web-download,copy-image]
worker_self_reference_url = {url}
enabled_backends = near:file, far:file, bucket:s3

[database]
connection = {database}

[glance_store]
default_backend = near
[near]
filesystem_store_datadir = {shared}/near
[far]
filesystem_store_datadir = {shared}/far
[bucket]
{bucket}

[os_glance_staging_store]
filesystem_store_datadir = {folder}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {folder}/tasks

[import_filtering_opts]
allowed_ports = [{web}]

[paste_deploy]
flavor = headers

[glance_rs]
bind_host = 127.0.0.1
bind_port = {port}
import_allowed_hosts = 127.0.0.1
{more}
"""


class Node(Process):
    """A server that shares `database`, a bucket and the folders in `shared` with others.

    `web` is the port of a web server that imports may read. It is not started yet.
    """

    def __init__(self, folder, *, database, shared, bucket, web, more=""):
        port = free_port()
        for place in (folder / "staging", folder / "tasks", shared / "near", shared / "far"):
            place.mkdir(parents=True, exist_ok=True)
        self.staging = folder / "staging"
        self._config = folder / "glance-api.conf"
        url = f"http://127.0.0.1:{port}"
        self._config.write_text(CONFIG.format(
            folder=folder, shared=shared, database=database, bucket=bucket.options(), web=web,
            url=url, port=port, more=more,
        ))  # fmt: skip
        log = folder / "server.log"
        super().__init__([*program(), "serve", *self._configured()], url, log)

    def sync(self):
        self.run("db", "sync")

    def run(self, *words):
        """Runs a command on what the server works on; gives its code and what it said."""
        command = [*program(), *words, *self._configured()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def staged(self):
        return {path.name for path in Path(self.staging).iterdir() if path.is_file()}

    def _configured(self):
        return ["--config-file", str(self._config)]
