# A Galera cluster of two MariaDB nodes: a function of `run.sh`, which sources this file.
#
# GLANCE_TEST_GALERA  the URLs of both nodes, a space between
#
# A node waits for what was committed on the other before it reads (`wsrep_sync_wait`).

server_galera() {
    local library=/usr/lib/galera/libgalera_smm.so ports=() first
    if [[ ! -e $library ]] || ! command -v rsync >/dev/null; then
        say 'installing Galera'
        apt-get update -q >/dev/null
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
            mariadb-server galera-4 rsync >/dev/null
    fi
    first=$(free_port)
    galera_node 1 "$first" gcomm:// --wsrep-new-cluster
    galera_node 2 "$(free_port)" "gcomm://127.0.0.1:$first"
    export GLANCE_TEST_GALERA="${ports[*]/#/mysql://root@127.0.0.1:}"
}

# galera_node NUMBER GROUP_PORT CLUSTER OPTIONS...: starts a node and waits until it has all data.
galera_node() {
    local folder="$data/galera$1" name="galera$1" group=$2 cluster=$3 port user tries state
    shift 3
    port=$(free_port)
    user=$(id -un)
    ((EUID != 0)) || user=mysql
    chmod 711 "$data"
    mariadb-install-db --no-defaults --user="$user" --datadir="$folder" --skip-test-db \
        --auth-root-authentication-method=normal >"$data/$name-install.log" 2>&1
    start "$name" mariadbd --no-defaults --user="$user" --datadir="$folder" --port="$port" \
        --bind-address=127.0.0.1 --socket="$folder/mariadb.sock" --binlog-format=ROW \
        --innodb-autoinc-lock-mode=2 --innodb-flush-log-at-trx-commit=0 --wsrep-on=ON \
        --wsrep-provider="$library" --wsrep-cluster-address="$cluster" --wsrep-sync-wait=1 \
        --wsrep-node-address=127.0.0.1 --wsrep-sst-method=rsync \
        --wsrep-sst-receive-address="127.0.0.1:$(free_port)" \
        --wsrep-provider-options="gmcast.listen_addr=tcp://127.0.0.1:$group;ist.recv_addr=127.0.0.1:$(free_port)" \
        "$@"
    for ((tries = 0; tries < 300; tries++)); do
        state=$(mariadb --no-defaults -h 127.0.0.1 -P "$port" -u root -Ne \
            "SHOW STATUS LIKE 'wsrep_local_state_comment'" 2>/dev/null || true)
        if [[ $state == *Synced ]]; then
            say "$name has joined its cluster on 127.0.0.1:$port"
            ports+=("$port")
            return
        fi
        sleep 0.1
    done
    say "$name does not join its cluster:"
    cat "$data/$name.log" >&2
    return 1
}
