"""`glance metadefs` on the files that Python Glance ships, beside `glance-manage`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pymysql

from harness import server
from harness.backends import mariadb
from harness.python_glance import PROGRAMS

FILES = Path(sys.prefix) / "etc/glance/metadefs"
CONFIG = "[database]\nconnection = {database}\n[glance_store]\nfilesystem_store_datadir = {images}\n"

# What either writes, but for ids and times. A namespace of which a file does not say who sees it
# is one that nobody else sees: upstream writes no word for that.
ROWS = {
    "namespaces": "SELECT namespace, display_name, description, COALESCE(visibility, 'private'),"
    " protected, owner FROM metadef_namespaces",
    "types": "SELECT name, protected FROM metadef_resource_types",
    "associations": "SELECT n.namespace, t.name, a.prefix, a.properties_target"
    " FROM metadef_namespace_resource_types a JOIN metadef_namespaces n ON n.id = a.namespace_id"
    " JOIN metadef_resource_types t ON t.id = a.resource_type_id",
    "properties": "SELECT n.namespace, p.name, p.json_schema"
    " FROM metadef_properties p JOIN metadef_namespaces n ON n.id = p.namespace_id",
    "objects": "SELECT n.namespace, o.name, o.description, o.required, o.json_schema"
    " FROM metadef_objects o JOIN metadef_namespaces n ON n.id = o.namespace_id",
    "tags": "SELECT n.namespace, t.name"
    " FROM metadef_tags t JOIN metadef_namespaces n ON n.id = t.namespace_id",
}


def test_upstreams_files_become_upstreams_rows_and_files_again(tmp_path):
    assert len(list(FILES.glob("*.json"))) > 30
    exported = tmp_path / "exported"
    exported.mkdir()
    with mariadb() as theirs, mariadb() as ours:
        _manage(tmp_path, theirs, "sync")
        _manage(tmp_path, theirs, "load_metadefs", "--path", str(FILES))
        glance = _Operator(tmp_path, ours)
        glance("db", "sync")
        glance("metadefs", "load", "--path", str(FILES))
        loaded = _rows(ours)
        assert loaded == _rows(theirs)

        again = glance("metadefs", "load", "--path", str(FILES))
        assert again.startswith("namespaces loaded: 0\n")
        glance("metadefs", "export", "--path", str(exported))
        assert len(list(exported.iterdir())) == len(list(FILES.glob("*.json")))
        glance("metadefs", "unload")
        assert not any(_rows(ours).values())
        glance("metadefs", "load", "--path", str(exported))
        assert _rows(ours) == loaded


class _Operator:
    """The `glance` command on a database."""

    def __init__(self, folder, database):
        (folder / "images").mkdir()
        self._config = folder / "glance-api.conf"
        self._config.write_text(CONFIG.format(database=database, images=folder / "images"))

    def __call__(self, *words):
        command = [*server.program(), *words, "--config-file", str(self._config)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout


def _manage(folder, database, *words):
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    environment = inherited | {"HOME": str(folder), "OS_DATABASE__CONNECTION": database}
    command = [str(PROGRAMS / "glance-manage"), "db", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def _rows(database):
    url = urlsplit(database)
    place = {"host": url.hostname, "port": url.port, "user": url.username, "charset": "utf8"}
    with pymysql.connect(**place, database=url.path[1:]) as connection:
        return {what: _read(connection, query) for what, query in ROWS.items()}


def _read(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        if "json_schema" in row:
            row["json_schema"] = _with_text_defaults(json.loads(row["json_schema"]))
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def _with_text_defaults(schema):
    """Upstream's loader keeps a default as it stands in the file, and its API makes text of it."""
    if not isinstance(schema, dict):
        return schema
    schema = {key: _with_text_defaults(value) for key, value in schema.items()}
    return schema | {"default": str(schema["default"])} if "default" in schema else schema
