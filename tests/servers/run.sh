#!/usr/bin/env bash
# Runs a command beside the real servers that tests need: `tests/servers/run.sh COMMAND...`.
#
# Each server has one function, named in `servers`: it installs what is missing into
# target/servers, starts the server on a free port of 127.0.0.1 with fresh data, waits until it
# answers, and exports a variable that says where it is. All end with the command.
# GLANCE_TEST_SERVERS="moto s3s" starts those alone.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
installed="$root/target/servers"
data=$(mktemp -d)
pids=()
servers=(moto moto_tls s3s radosgw azurite nginx postgres mariadb galera keystone barbican memcached)

stop() {
    local pid
    for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$data"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf 'servers: %s\n' "$1" >&2; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start NAME COMMAND...: in the background, its output in a file.
start() {
    local name=$1
    shift
    "$@" >"$data/$name.log" 2>&1 &
    pids+=($!)
}

# answers NAME PORT: waits until something listens; shows what the server said if nothing does.
answers() {
    local name=$1 port=$2 tries
    for ((tries = 0; tries < 300; tries++)); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            say "$name listens on 127.0.0.1:$port"
            return
        fi
        sleep 0.1
    done
    say "$name does not listen on port $port:"
    cat "$data/$name.log" >&2
    return 1
}

install_moto() {
    local venv="$installed/venv"
    if [[ ! -x "$venv/bin/moto_server" ]]; then
        say 'installing moto'
        python3 -m venv "$venv"
        "$venv/bin/pip" install -q 'moto[server]==5.2.5'
    fi
}

# S3, in memory. It takes any keys.
server_moto() {
    local port
    install_moto
    port=$(free_port)
    start moto "$installed/venv/bin/moto_server" -H 127.0.0.1 -p "$port"
    answers moto "$port"
    export GLANCE_TEST_S3_MOTO="http://127.0.0.1:$port"
}

# certificate NAME: makes $data/NAME.pem and $data/NAME.key for 127.0.0.1, of the authority
# $GLANCE_TEST_CA, which no system trusts.
certificate() {
    local name=$1
    local request=(openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    export GLANCE_TEST_CA="$data/ca.pem"
    {
        if [[ ! -e "$GLANCE_TEST_CA" ]]; then
            "${request[@]}" -x509 -days 2 -subj /CN=authority -keyout "$data/ca.key" \
                -out "$GLANCE_TEST_CA"
            chmod 644 "$GLANCE_TEST_CA"
        fi
        "${request[@]}" -subj "/CN=$name" -keyout "$data/$name.key" -out "$data/$name.csr"
        openssl x509 -req -in "$data/$name.csr" -days 2 -CA "$GLANCE_TEST_CA" \
            -CAkey "$data/ca.key" -CAcreateserial -out "$data/$name.pem" \
            -extfile <(echo subjectAltName=IP:127.0.0.1)
    } 2>/dev/null
    chmod 644 "$data/$name.pem"
}

# The same behind TLS.
server_moto_tls() {
    local port
    install_moto
    certificate moto
    port=$(free_port)
    start moto_tls "$installed/venv/bin/moto_server" -H 127.0.0.1 -p "$port" -s \
        -c "$data/moto.pem" -k "$data/moto.key"
    answers moto_tls "$port"
    export GLANCE_TEST_S3_TLS="https://127.0.0.1:$port"
}

# S3, in files: what is written is there after a restart. Keys: `access`, `secret`. Its process
# can be stopped and continued, and tests can start more of them.
server_s3s() {
    local port
    if [[ ! -x "$installed/s3s/bin/s3s-fs" ]]; then
        say 'building s3s-fs'
        CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
            CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
            cargo install -q s3s-fs --version 0.14.1 --features binary --locked \
            --root "$installed/s3s" --target-dir "$installed/s3s-build"
        rm -rf "$installed/s3s-build"
    fi
    port=$(free_port)
    mkdir "$data/s3s"
    start s3s "$installed/s3s/bin/s3s-fs" --access-key access --secret-key secret \
        --host 127.0.0.1 --port "$port" "$data/s3s"
    answers s3s "$port"
    export GLANCE_TEST_S3_S3S="http://127.0.0.1:$port" GLANCE_TEST_S3_S3S_PID="${pids[-1]}"
    export GLANCE_TEST_S3_S3S_PROGRAM="$installed/s3s/bin/s3s-fs"
}

# Azure Blob Storage.
server_azurite() {
    local folder="$installed/azurite" port
    if [[ ! -x "$folder/node_modules/.bin/azurite-blob" ]]; then
        say 'installing azurite'
        mkdir -p "$folder"
        (cd "$folder" && npm install --silent --no-fund --no-audit azurite@3.35.0)
    fi
    port=$(free_port)
    start azurite "$folder/node_modules/.bin/azurite-blob" --silent --skipApiVersionCheck \
        --blobHost 127.0.0.1 --blobPort "$port" --location "$data/azurite"
    answers azurite "$port"
    export GLANCE_TEST_AZURITE="http://127.0.0.1:$port"
}

# Memcached behind TLS that asks clients for certificates. Tests that stop it start their own.
server_memcached() {
    local port
    if ! command -v memcached >/dev/null; then
        say 'installing memcached'
        apt-get update -q >/dev/null
        # Not to be started by the package: it is started here.
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qy memcached >/dev/null
    fi
    certificate memcached
    certificate memcached_client
    port=$(free_port)
    # As root it would have to become somebody who can read the key.
    start memcached memcached -l 127.0.0.1 -p "$port" -u "$(id -un)" --enable-ssl \
        -o "ssl_chain_cert=$data/memcached.pem,ssl_key=$data/memcached.key" \
        -o "ssl_ca_cert=$GLANCE_TEST_CA,ssl_verify_mode=2"
    answers memcached "$port"
    export GLANCE_TEST_MEMCACHED_TLS="127.0.0.1:$port"
    export GLANCE_TEST_MEMCACHED_CERT="$data/memcached_client.pem"
    export GLANCE_TEST_MEMCACHED_KEY="$data/memcached_client.key"
}

source "$root/tests/servers/databases.sh"
source "$root/tests/servers/galera.sh"
source "$root/tests/servers/ceph.sh"
source "$root/tests/servers/nginx.sh"
source "$root/tests/servers/keystone.sh"
source "$root/tests/servers/barbican.sh"

if (($# == 0)); then
    echo "usage: $0 COMMAND..." >&2
    exit 2
fi
read -ra servers <<<"${GLANCE_TEST_SERVERS:-${servers[*]}}"
for server in "${servers[@]}"; do "server_$server"; done
"$@"
