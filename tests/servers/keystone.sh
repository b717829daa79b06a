# Keystone, of PyPI: functions of `run.sh`, which sources this file. Who is in it stands in
# keystone_people.py; every password is `secret`.
#
# GLANCE_TEST_KEYSTONE              its URL, without a version
# GLANCE_TEST_KEYSTONE_APPLICATION  `id:secret` of an application credential of the user `glance`
# GLANCE_TEST_KEYSTONE_TLS          a second one on the same data, behind TLS that asks clients for
#                                   certificates; tokens it gives out live for 3 seconds
# GLANCE_TEST_KEYSTONE_CA, _CERT, _KEY  its authority, and a client's certificate and key

server_keystone() {
    local folder="$data/keystone" venv="$installed/keystone" port tls_port
    if [[ ! -x "$venv/bin/keystone-manage" || ! -x "$venv/bin/gunicorn" ]]; then
        say 'installing Keystone'
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install -q keystone==30.0.0 gunicorn==27.0.1
    fi
    port=$(free_port)
    tls_port=$(free_port)
    mkdir -p "$folder"/{lasting,brief,keys,credential-keys}
    chmod 700 "$folder"/{keys,credential-keys}
    keystone_configuration "$folder" 3600 >"$folder/lasting/keystone.conf"
    keystone_configuration "$folder" 3 >"$folder/brief/keystone.conf"
    keystone_certificates "$folder"
    keystone_data "$folder" "$venv" "$port" >"$data/keystone-data.log" 2>&1 ||
        { cat "$data/keystone-data.log" >&2; return 1; }

    keystone_start keystone "$folder/lasting" "bind = '127.0.0.1:$port'"
    keystone_start keystone_tls "$folder/brief" "bind = '127.0.0.1:$tls_port'" \
        "certfile, keyfile = '$folder/server.pem', '$folder/server.key'" \
        "ca_certs, cert_reqs = '$folder/ca.pem', 2"
    answers keystone "$port"
    answers keystone_tls "$tls_port"
    export GLANCE_TEST_KEYSTONE="http://127.0.0.1:$port"
    export GLANCE_TEST_KEYSTONE_TLS="https://127.0.0.1:$tls_port"
    export GLANCE_TEST_KEYSTONE_CA="$folder/ca.pem"
    export GLANCE_TEST_KEYSTONE_CERT="$folder/client.pem"
    export GLANCE_TEST_KEYSTONE_KEY="$folder/client.key"
    GLANCE_TEST_KEYSTONE_APPLICATION=$("$venv/bin/python" "$root/tests/servers/keystone_people.py")
    export GLANCE_TEST_KEYSTONE_APPLICATION
}

# keystone_start NAME FOLDER SETTING...: the application takes gunicorn's arguments for its own, so
# there are none. One worker and one thread: SQLite has one writer.
keystone_start() {
    local name=$1 folder=$2
    shift 2
    printf '%s\n' "wsgi_app = 'keystone.wsgi.api:application'" 'workers = threads = 1' "$@" \
        >"$folder/gunicorn.conf.py"
    start "$name" env OS_KEYSTONE_CONFIG_DIR="$folder" \
        GUNICORN_CMD_ARGS="--config $folder/gunicorn.conf.py" "$installed/keystone/bin/gunicorn"
}

# keystone_configuration FOLDER SECONDS: for tokens that live so long.
keystone_configuration() {
    cat <<CONF
[database]
connection = sqlite:///$1/keystone.sqlite
[token]
provider = fernet
expiration = $2
[fernet_tokens]
key_repository = $1/keys
[credential]
key_repository = $1/credential-keys
[identity]
password_hash_rounds = 4
[cache]
enabled = true
backend = dogpile.cache.memory
CONF
}

keystone_data() {
    local folder=$1 venv=$2 url="http://127.0.0.1:$3" user group
    user=$(id -un)
    group=$(id -gn)
    manage() { "$venv/bin/keystone-manage" --config-file "$folder/lasting/keystone.conf" "$@"; }
    manage db_sync
    manage fernet_setup --keystone-user "$user" --keystone-group "$group"
    manage credential_setup --keystone-user "$user" --keystone-group "$group"
    # With a version and without: both occur.
    manage bootstrap --bootstrap-password secret --bootstrap-region-id RegionOne \
        --bootstrap-public-url "$url" --bootstrap-internal-url "$url/v3/" \
        --bootstrap-admin-url "$url/v3"
}

keystone_certificates() {
    (
        cd "$1"
        local name request=(openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
        "${request[@]}" -x509 -days 2 -subj '/CN=glance test authority' -keyout ca.key -out ca.pem
        for name in server client; do
            "${request[@]}" -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
            openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                -extfile <(printf 'subjectAltName=IP:127.0.0.1') -out "$name.pem"
        done
    ) 2>/dev/null
}
