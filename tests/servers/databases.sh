# Databases for the catalogs: functions of `run.sh`, which sources this file.
#
# GLANCE_TEST_POSTGRES  the URL of a server on which databases may be made and dropped
# GLANCE_TEST_MYSQL     the same of MariaDB
#
# Both offer TLS with a certificate of $GLANCE_TEST_CA, and let the user `tls` in by nothing else.

# The newest initdb, which Debian keeps off the path.
postgres_programs() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }

server_postgres() {
    local folder="$data/postgres" programs port
    if [[ -z $(postgres_programs) ]] || ! command -v psql >/dev/null; then
        say 'installing PostgreSQL'
        apt-get update -q >/dev/null
        # Not to be started by the package: it is started here.
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qy postgresql >/dev/null
    fi
    programs=$(postgres_programs)
    port=$(free_port)
    # It refuses to be root.
    local as_user=()
    if ((EUID == 0)); then
        as_user=(setpriv --reuid=postgres --regid=postgres --clear-groups)
        chmod 711 "$data"
        install -d -o postgres "$folder"
    fi
    "${as_user[@]}" "$programs/initdb" -D "$folder/data" -A trust -U postgres -E UTF8 \
        --no-sync >"$data/initdb.log"
    certificate postgres
    ((EUID != 0)) || chown postgres "$data/postgres.key"
    sed -i '1i hostnossl all tls all reject' "$folder/data/pg_hba.conf"
    start postgres "${as_user[@]}" "$programs/postgres" -D "$folder/data" -p "$port" -k "$folder" \
        -c listen_addresses=127.0.0.1 -c fsync=off \
        -c ssl=on -c ssl_cert_file="$data/postgres.pem" -c ssl_key_file="$data/postgres.key"
    answers postgres "$port"
    export GLANCE_TEST_POSTGRES="postgresql://postgres@127.0.0.1:$port/postgres"
    until psql -qc 'SELECT 1' "$GLANCE_TEST_POSTGRES" >/dev/null 2>&1; do sleep 0.1; done
    psql -qc 'CREATE ROLE tls SUPERUSER LOGIN' "$GLANCE_TEST_POSTGRES"
}

server_mariadb() {
    local folder="$data/mariadb" port user
    if ! command -v mariadbd >/dev/null; then
        say 'installing MariaDB'
        apt-get update -q >/dev/null
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qy mariadb-server >/dev/null
    fi
    port=$(free_port)
    user=$(id -un)
    if ((EUID == 0)); then
        user=mysql
        chmod 711 "$data"
    fi
    mariadb-install-db --no-defaults --user="$user" --datadir="$folder" --skip-test-db \
        --auth-root-authentication-method=normal >"$data/mariadb-install.log" 2>&1
    certificate mariadb
    ((EUID != 0)) || chown "$user" "$data/mariadb.key"
    start mariadb mariadbd --no-defaults --user="$user" --datadir="$folder" --port="$port" \
        --bind-address=127.0.0.1 --socket="$folder/mariadb.sock" \
        --innodb-flush-log-at-trx-commit=0 \
        --ssl-cert="$data/mariadb.pem" --ssl-key="$data/mariadb.key"
    answers mariadb "$port"
    mariadb --no-defaults -h 127.0.0.1 -P "$port" -u root \
        -e "CREATE USER tls REQUIRE SSL; GRANT ALL ON *.* TO tls"
    export GLANCE_TEST_MYSQL="mysql://root@127.0.0.1:$port"
}
