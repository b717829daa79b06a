#!/bin/sh
# Runs the real OpenStack clients against a real server; fails if anything is skipped.
#
# It needs some of the servers of tests/servers/run.sh, which starts it beside them:
#
#   GLANCE_TEST_SERVERS="moto s3s nginx postgres mariadb keystone barbican" tests/servers/run.sh tests/clients/run.sh
#
#   GLANCE_BIN       the command of the server (default: target/release/glance, then target/debug/glance)
#   GLANCE_PEER_URL  a server that already runs, with the `headers` flavor; nothing is started then
#
# Arguments go to pytest: run.sh -k sharing
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$(dirname -- "$here")")
venv=${CARGO_TARGET_DIR:-$root/target}/clients-venv

missing=
command -v qemu-img >/dev/null || missing="$missing qemu-utils"
command -v xorriso >/dev/null || missing="$missing xorriso"
command -v cryptsetup >/dev/null || missing="$missing cryptsetup-bin"
command -v sgdisk >/dev/null || missing="$missing gdisk"
command -v mkfs.vfat >/dev/null || missing="$missing dosfstools"
command -v mkfs.ext4 >/dev/null || missing="$missing e2fsprogs"
command -v memcached >/dev/null || missing="$missing memcached"
if [ -n "$missing" ]; then
    # Nothing is to be started by its package.
    # shellcheck disable=SC2086  # a list of words
    RUNLEVEL=1 apt-get install --yes --no-install-recommends $missing
fi

if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi

cd "$here"
PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" -m pytest "$@"
