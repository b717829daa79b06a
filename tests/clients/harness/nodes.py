"""Servers that share a database and their stores, each with a staging area of its own."""

import subprocess
from contextlib import contextmanager
from pathlib import Path

from harness.server import Process, free_port, program

GROUP = """\
[{name}]
{options}
"""

CONFIG = """\
[DEFAULT]
enabled_import_methods = [glance-direct,web-download,copy-image]
worker_self_reference_url = {url}
enabled_backends = {backends}

[database]
connection = {database}

[glance_store]
default_backend = {default}
{groups}
[os_glance_staging_store]
filesystem_store_datadir = {folder}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {folder}/tasks

[import_filtering_opts]
allowed_ports = [{web}]

[paste_deploy]
flavor = {flavor}

[glance_rs]
bind_host = 127.0.0.1
bind_port = {port}
import_allowed_hosts = {allowed}
{more}
"""


def files(folder):
    """A store of files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return "file", f"filesystem_store_datadir = {folder}"


class Node(Process):
    """A server that shares `database` and `stores` with others: each a kind with its options, by
    their names; the first is the default.

    `web` are ports of web servers that imports may read, at hosts and in networks that are
    `allowed`; `more` are more options, of ours and of groups; `before` is what the command of the
    server begins with. It is not started yet.
    """

    def __init__(
        self, folder, *, database, stores, web, allowed="127.0.0.1", flavor="headers", more="",
        before=(),
    ):  # fmt: skip
        port = free_port()
        for place in (folder / "staging", folder / "tasks"):
            place.mkdir(parents=True, exist_ok=True)
        self.staging = folder / "staging"
        self._config = folder / "glance-api.conf"
        url = f"http://127.0.0.1:{port}"
        self._config.write_text(CONFIG.format(
            folder=folder, database=database, url=url, port=port, more=more, flavor=flavor,
            default=[*stores][0], allowed=allowed,
            web=",".join(map(str, web)),
            backends=", ".join(f"{name}:{kind}" for name, (kind, _) in stores.items()),
            groups="".join(
                GROUP.format(name=name, options=options)
                for name, (_, options) in stores.items()
            ),
        ))  # fmt: skip
        log = folder / "server.log"
        super().__init__([*before, *program(), "serve", *self._configured()], url, log)

    def sync(self):
        code, said = self.run("db", "sync")
        assert code == 0, said

    def run(self, *words):
        """Runs a command on what the server works on; gives its code and what it said."""
        command = [*program(), *words, *self._configured()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def staged(self):
        return {path.name for path in Path(self.staging).iterdir() if path.is_file()}

    def _configured(self):
        return ["--config-file", str(self._config)]


@contextmanager
def running(node):
    """A node that is started, and killed in the end."""
    node.start()
    try:
        yield node
    finally:
        node.kill()
