#!/usr/bin/env bash
# An import from the web beside `curl -o` and `curl | sha512sum` of the same file, from the same nginx,
# in turns: the ratios are the figures that travel between machines.
#
#   GLANCE_TEST_SERVERS=nginx bash tests/servers/run.sh bash benches/web_download.sh
#
#   GLANCE_BIN          the server, built for release (default: target/release/glance)
#   GLANCE_BENCH_MIB    the size of the file (default: 1024)
#   GLANCE_BENCH_TURNS  how often each reads it (default: 5)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
glance=${GLANCE_BIN:-$root/target/release/glance}
mebibytes=${GLANCE_BENCH_MIB:-1024}
turns=${GLANCE_BENCH_TURNS:-5}
folder=$(mktemp -d)
server=
disk="$GLANCE_TEST_NGINX/disk"

finish() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$folder" "$GLANCE_TEST_NGINX_ROOT/disk"
}
trap finish EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir "$folder"/{images,staging}
cat >"$folder/glance-api.conf" <<CONF
[DEFAULT]
enabled_import_methods = [web-download]
node_staging_uri = file://$folder/staging
[database]
connection = sqlite:///$folder/glance.sqlite
[glance_store]
filesystem_store_datadir = $folder/images
[import_filtering_opts]
allowed_ports = [${GLANCE_TEST_NGINX##*:}]
[glance_rs]
bind_host = 127.0.0.1
bind_port = $port
import_allowed_hosts = 127.0.0.1
CONF
"$glance" db sync --config-file "$folder/glance-api.conf" >/dev/null
"$glance" serve --config-file "$folder/glance-api.conf" >"$folder/log" 2>&1 &
server=$!
until curl -sf "http://127.0.0.1:$port/healthcheck" >/dev/null; do
    kill -0 "$server"
    sleep 0.1
done
head -c "${mebibytes}M" /dev/urandom >"$GLANCE_TEST_NGINX_ROOT/disk"

client() { "$glance" --os-image-url "http://127.0.0.1:$port" "$@"; }
now() { date +%s%N; }

# told NAME NANOSECONDS
told() {
    awk -v name="$1" -v seconds="$2e-9" -v mebibytes="$mebibytes" \
        'BEGIN { printf "%s: %.2f s, %.0f MiB/s\n", name, seconds, mebibytes / seconds }'
}

# What was written is on the disk before the next begins, so that it does not pay for it.
downloaded() {
    local begun
    begun=$(now)
    curl -sf -o "$folder/copy" "$disk"
    sync -d "$folder/copy"
    told 'curl -o, synced' $(($(now) - begun))
    rm "$folder/copy"
}

hashed() {
    local begun
    begun=$(now)
    curl -sf "$disk" | sha512sum >/dev/null
    told 'curl | sha512sum' $(($(now) - begun))
}

imported() {
    local begun image url
    url="http://127.0.0.1:$port/v2/images"
    image=$(client image-create --disk-format raw --container-format bare --json |
        sed -nE 's/.*"id": *"([^"]*)".*/\1/p')
    begun=$(now)
    client image-import "$image" --import-method web-download --uri "$disk" >/dev/null
    while [[ $(curl -sf "$url/$image") =~ '"status":'\ *'"importing"' ]]; do sleep 0.02; done
    [[ $(curl -sf "$url/$image") =~ '"status":'\ *'"active"' ]]
    told 'web-download' $(($(now) - begun))
    client image-delete "$image"
}

for ((turn = 0; turn < turns; turn++)); do
    downloaded
    hashed
    imported
done
echo "resident at most: $(awk '/VmHWM/ { print $2 / 1024 " MiB" }' "/proc/$server/status")"
