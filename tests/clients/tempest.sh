#!/usr/bin/env bash
# Runs the image tests of Tempest and of glance-tempest-plugin against a real server with a real
# Keystone; fails if anything is skipped. What is left out stands in tempest/exclude.txt.
#
#   GLANCE_TEST_SERVERS=keystone tests/servers/run.sh tests/clients/tempest.sh
#
#   GLANCE_BIN  the server (default: target/release/glance)
#
# Arguments go to `stestr run`: tempest.sh tempest.api.image.v2.test_images_member
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$(dirname "$here")")
venv=${CARGO_TARGET_DIR:-$root/target}/tempest-venv
glance=${GLANCE_BIN:-$root/target/release/glance}
folder=$(mktemp -d)
servers=()

finish() {
    for server in "${servers[@]}"; do
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap finish EXIT

if ! cmp -s "$here/tempest/requirements.txt" "$venv/requirements.txt"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --requirement "$here/tempest/requirements.txt"
    cp "$here/tempest/requirements.txt" "$venv/requirements.txt"
fi

# fill TEMPLATE FILE [PORT]: with @names@ as they are here.
fill() {
    sed -e "s|@folder@|$folder|g" -e "s|@secure_hash@|$secure_hash|g" -e "s|@port@|${3:-$port}|g" \
        -e "s|@web@|$web|g" -e "s|@keystone@|$GLANCE_TEST_KEYSTONE|g" "$1" >"$2"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# configure true|false: with `do_secure_hash` so. A second node is there, through which images are
# imported that the first has staged.
configure() {
    secure_hash=$1
    fill "$here/tempest/glance-api.conf" "$folder/glance-api.conf"
    fill "$here/tempest/glance-api.conf" "$folder/remote.conf" "$remote"
    fill "$here/tempest/tempest.conf" "$folder/tempest.conf"
}

# serve NAME PORT: starts a server with the configuration NAME.conf, and waits for it.
serve() {
    local name=$1 port=$2 server tries
    mkdir -p "$folder/staging-$port"
    "$glance" serve --config-file "$folder/$name.conf" >>"$folder/$name.log" 2>&1 &
    server=$!
    servers+=("$server")
    nodes+=("$server")
    for ((tries = 0; ; tries++)); do
        python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/healthcheck')" \
            2>/dev/null && break
        if ((tries == 100)) || ! kill -0 "$server" 2>/dev/null; then
            cat "$folder/$name.log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

serve_both() {
    nodes=()
    serve glance-api "$port"
    serve remote "$remote"
}

port=$(free_port)
remote=$(free_port)
web=$(free_port)
mkdir -p "$folder"/{first,second,locks,web}
qemu-img create -q -f qcow2 "$folder/web/disk.qcow2" 1M
python3 -m http.server --bind 127.0.0.1 --directory "$folder/web" "$web" >"$folder/web.log" 2>&1 &
servers+=($!)
configure true
"$glance" db sync --config-file "$folder/glance-api.conf"
# Tempest asks for the resource types that every cloud has.
"$glance" metadefs load --path "$root/glance-core/metadefs" --config-file "$folder/glance-api.conf"
serve_both
python3 "$root/tests/servers/keystone_people.py" image "http://127.0.0.1:$port"
python3 "$root/tests/servers/keystone_people.py" image_remote "http://127.0.0.1:$remote"

packages=$("$venv/bin/python" -c 'import os, tempest; print(os.path.dirname(tempest.__file__))')
cd "$folder"
cat >.stestr.conf <<CONF
[DEFAULT]
test_path=$packages/test_discover
top_dir=$packages
CONF
export TEMPEST_CONFIG_DIR="$folder" TEMPEST_CONFIG=tempest.conf
"$venv/bin/stestr" init
filters=("${@:-^(tempest\.api\.image|tempest\.scenario\.test_unified_limits|glance_tempest_plugin)\.}")

# run LEFT_OUT: what is asked for, but for what this regular expression matches.
run() {
    local which=(--exclude-list "$here/tempest/exclude.txt" --exclude-regex "$1" "${filters[@]}") status=0
    "$venv/bin/stestr" list "${which[@]}" >"$folder/chosen"
    if ! grep -q . "$folder/chosen"; then
        return
    fi
    "$venv/bin/stestr" run --concurrency 4 "${which[@]}" >"$folder/output" 2>&1 || status=$?
    if ((status)); then
        cat "$folder/output"
        tail -n 50 "$folder"/{glance-api,remote}.log
        exit "$status"
    fi
    ran=yes
    grep -E "^(Ran:| - )" "$folder/output"
    if ! grep -qx ' - Skipped: 0' "$folder/output"; then
        grep 'SKIPPED' "$folder/output"
        echo 'a test was skipped: make it run, or leave it out in tempest/exclude.txt with its reason' >&2
        exit 1
    fi
    if ! kill -0 "${nodes[@]}"; then
        cat "$folder"/{glance-api,remote}.log >&2
        exit 1
    fi
}

# These are for a service that reads no located data for its hash: the rest is for one that does.
# (Locations that a PATCH adds are hashed too, and the first would change while it is compared.)
unhashed='ImageLocations(Admin)?Test|secure_hash_false'
ran=no
run "$unhashed"
kill "${nodes[@]}"
wait "${nodes[@]}" || true
configure false
serve_both
run "^(?!.*($unhashed))"
if [[ $ran == no ]]; then
    echo 'no test is chosen' >&2
    exit 1
fi
