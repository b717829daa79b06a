# Ceph of one monitor and one disk, with its S3 gateway: functions of `run.sh`, which sources this
# file.
#
# GLANCE_TEST_S3_RGW  the URL of radosgw. Keys: `access`, `secret`.

server_radosgw() {
    local folder="$data/ceph" gateway monitor
    if ! command -v radosgw >/dev/null; then
        say 'installing Ceph'
        apt-get update -q >/dev/null
        DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
            ceph-mon ceph-mgr ceph-osd ceph-common radosgw >/dev/null
    fi
    gateway=$(free_port)
    monitor=$(free_port)
    mkdir -p "$folder"/{mon,osd,mgr,run,log,rgw}
    ceph_configuration "$folder" "$monitor" "$gateway" >"$folder/ceph.conf"
    ceph_cluster "$folder" "$monitor" || {
        cat "$folder"/log/* "$data"/ceph-*.log >&2
        return 1
    }
    CEPH_CONF="$folder/ceph.conf" start ceph-radosgw radosgw -f -n client.rgw
    CEPH_CONF="$folder/ceph.conf" radosgw-admin user create --uid=glance --display-name=glance \
        --access-key=access --secret-key=secret >"$data/ceph-user.log" 2>&1
    answers ceph-radosgw "$gateway"
    export GLANCE_TEST_S3_RGW="http://127.0.0.1:$gateway"
}

# ceph_configuration FOLDER MONITOR_PORT GATEWAY_PORT: one copy of everything, on a small disk.
ceph_configuration() {
    cat <<CONFIGURATION
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = 127.0.0.1:$2
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = $1/keyring
run_dir = $1/run
admin_socket = $1/run/\$cluster-\$name.asok
log_file = $1/log/\$name.log
mon_data = $1/mon
mgr_data = $1/mgr
osd_data = $1/osd
ms_bind_msgr2 = false
mon_allow_pool_size_one = true
mon_data_avail_crit = 0
mon_data_avail_warn = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_crush_chooseleaf_type = 0
osd_objectstore = bluestore
osd_memory_target = 939524096
bluestore_block_size = 4294967296
bluestore_block_create = true
[client.rgw]
rgw_data = $1/rgw
rgw_frontends = beast endpoint=127.0.0.1:$3
CONFIGURATION
}

# ceph_cluster FOLDER MONITOR_PORT: a monitor, a disk and a manager, with the keys of all.
ceph_cluster() {
    local folder=$1 disk id tries
    local -x CEPH_CONF="$folder/ceph.conf"
    {
        ceph_key mon. --cap mon 'allow *' -C
        ceph_key client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
        ceph_key osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' \
            --cap mgr 'allow profile osd'
        ceph_key mgr.x --cap mon 'allow profile mgr' --cap osd 'allow *'
        ceph_key client.rgw --cap mon 'allow rw' --cap osd 'allow rwx'
        id=$(sed -n 's/^fsid = //p' "$CEPH_CONF")
        monmaptool --create --fsid "$id" --addv a "[v1:127.0.0.1:$2]" "$folder/monmap"
        ceph-mon --mkfs -i a --monmap "$folder/monmap" --keyring "$folder/keyring"
        start ceph-mon ceph-mon -f -i a
        for ((tries = 0; tries < 300; tries++)); do
            ! ceph --connect-timeout 1 -n mon. -k "$folder/keyring" \
                auth import -i "$folder/keyring" || break
            sleep 0.1
        done
        disk=$(cat /proc/sys/kernel/random/uuid)
        ceph --connect-timeout 20 osd new "$disk" 0
        ceph-osd -i 0 --mkfs --osd-uuid "$disk"
    } >"$data/ceph-setup.log" 2>&1
    start ceph-osd ceph-osd -f -i 0
    start ceph-mgr ceph-mgr -f -i x
}

# ceph_key NAME OPTIONS...: adds a key to the keyring of the folder.
ceph_key() {
    ceph-authtool "$folder/keyring" --gen-key -n "$@"
}
