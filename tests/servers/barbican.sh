# Barbican, of PyPI: a function of `run.sh`, which sources this file. Its secrets are encrypted by its
# own `simple_crypto`, in SQLite; tokens are validated by the Keystone of `keystone`, which has to be
# started first, and whose catalog it is put into.
#
# GLANCE_TEST_BARBICAN  its URL, without a version
# GLANCE_TEST_BARBICAN_HOME, _PROGRAM  the folder of its application and data, and what serves it:
#                                      tests can start more of them

server_barbican() {
    local folder="$data/barbican" venv="$installed/barbican" port
    if [[ -z "${GLANCE_TEST_KEYSTONE:-}" ]]; then
        say 'Barbican needs Keystone: GLANCE_TEST_SERVERS="keystone barbican"'
        return 1
    fi
    if [[ ! -x "$venv/bin/barbican-manage" || ! -x "$venv/bin/gunicorn" ]]; then
        say 'installing Barbican'
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install -q barbican==23.0.0 gunicorn==27.0.1
    fi
    port=$(free_port)
    mkdir -p "$folder/.barbican"
    barbican_configuration "$folder" "$port" >"$folder/.barbican/barbican.conf"
    barbican_pipeline >"$folder/paste.ini"
    printf '%s\n' 'from paste import deploy' \
        "application = deploy.loadapp('config:$folder/paste.ini')" >"$folder/application.py"
    env HOME="$folder" "$venv/bin/barbican-manage" db upgrade >"$data/barbican-data.log" 2>&1 ||
        { cat "$data/barbican-data.log" >&2; return 1; }

    # One worker and one thread: SQLite has one writer.
    start barbican env HOME="$folder" "$venv/bin/gunicorn" --chdir "$folder" \
        --bind "127.0.0.1:$port" --threads 1 --no-control-socket application:application
    answers barbican "$port"
    export GLANCE_TEST_BARBICAN="http://127.0.0.1:$port"
    export GLANCE_TEST_BARBICAN_HOME="$folder" GLANCE_TEST_BARBICAN_PROGRAM="$venv/bin/gunicorn"
    python3 "$root/tests/servers/keystone_people.py" key-manager "$GLANCE_TEST_BARBICAN"
}

# barbican_configuration FOLDER PORT: secrets may be longer than what Glance reads.
barbican_configuration() {
    cat <<CONF
[DEFAULT]
host_href = http://127.0.0.1:$2
max_allowed_secret_in_bytes = 100000
max_allowed_request_size_in_bytes = 200000
[database]
connection = sqlite:///$1/barbican.sqlite
[simple_crypto_plugin]
kek = $(python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')
[keystone_authtoken]
www_authenticate_uri = $GLANCE_TEST_KEYSTONE
auth_url = $GLANCE_TEST_KEYSTONE
auth_type = password
username = admin
password = secret
project_name = admin
user_domain_id = default
project_domain_id = default
CONF
}

# The one that Barbican comes with asks for files of /etc.
barbican_pipeline() {
    cat <<'CONF'
[composite:main]
use = egg:Paste#urlmap
/ = versions
/v1 = secrets
[pipeline:versions]
pipeline = microversion versions_app
[pipeline:secrets]
pipeline = authtoken context microversion secrets_app
[app:versions_app]
paste.app_factory = barbican.api.app:create_version_app
[app:secrets_app]
paste.app_factory = barbican.api.app:create_main_app
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
[filter:context]
paste.filter_factory = barbican.api.middleware.context:ContextMiddleware.factory
[filter:microversion]
paste.filter_factory = barbican.api.middleware.microversion:MicroversionMiddleware.factory
CONF
}
