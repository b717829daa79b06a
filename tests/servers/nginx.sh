# nginx for the HTTP store: a function of `run.sh`, which sources this file.
#
# GLANCE_TEST_NGINX       its base URL, on 127.0.0.1
# GLANCE_TEST_NGINX_ROOT  the folder it serves, for tests to write files into
# GLANCE_TEST_NGINX_TLS   the same over TLS, with a certificate of
# GLANCE_TEST_NGINX_CA    this authority

server_nginx() {
    local folder="$data/nginx" port tls_port
    if ! command -v nginx >/dev/null || ! command -v openssl >/dev/null; then
        say 'installing nginx'
        apt-get update -q >/dev/null
        # Not to be started by the package: it is started here.
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qy nginx openssl >/dev/null
    fi
    port=$(free_port)
    tls_port=$(free_port)
    mkdir -p "$folder/root"
    nginx_certificates "$folder"
    printf 'user:{PLAIN}pass word\n' >"$folder/users"
    nginx_configuration "$port" "$tls_port" >"$folder/nginx.conf"

    start nginx nginx -p "$folder" -c nginx.conf -e error.log -g 'daemon off;'
    answers nginx "$port"
    export GLANCE_TEST_NGINX="http://127.0.0.1:$port"
    export GLANCE_TEST_NGINX_TLS="https://127.0.0.1:$tls_port"
    export GLANCE_TEST_NGINX_ROOT="$folder/root"
    export GLANCE_TEST_NGINX_CA="$folder/ca.pem"
}

nginx_certificates() {
    (
        cd "$1"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
            -subj '/CN=glance test authority' -keyout ca.key -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
            -subj '/CN=127.0.0.1' -keyout server.key -out server.csr
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
            -extfile <(printf 'subjectAltName=IP:127.0.0.1') -out server.pem
    ) 2>/dev/null
}

# Each place shows one trait of a web server that a store has to cope with.
nginx_configuration() {
    local port=$1 tls_port=$2 status hop
    cat <<CONF
user $(id -un) $(id -gn);
worker_processes 1;
pid nginx.pid;
error_log error.log;
events { worker_connections 512; }
http {
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp;
    uwsgi_temp_path temp; scgi_temp_path temp;
    server {
        listen 127.0.0.1:$port;
        listen 127.0.0.1:$tls_port ssl;
        ssl_certificate server.pem;
        ssl_certificate_key server.key;
        location / { root root; }

        # gzip for who asks for it; encoded for whoever asks.
        location /gzip/ { alias root/; gzip on; gzip_types *; gzip_min_length 1; }
        location /encoded/ { alias root/; add_header Content-Encoding gzip; }

        # The whole blob for any range; other bytes; bytes that are not told.
        location /no-ranges/ { alias root/; max_ranges 0; }
        location /other-range { add_header Content-Range "bytes 1-5/100"; return 206 "12345"; }
        location /longer-range { add_header Content-Range "bytes 0-4/100"; return 206 "123456789"; }
        location /untold-range { return 206 "12345"; }

        # No length: in chunks, and until the connection ends.
        location /chunked/ { alias root/; sub_filter never never; sub_filter_types *; }
        location /unframed/ {
            alias root/; sub_filter never never; sub_filter_types *;
            chunked_transfer_encoding off;
        }

        location /no-head/ { alias root/; if (\$request_method = HEAD) { return 405; } }
        location /signed/ { alias root/; if (\$request_method = HEAD) { return 403; } }
        location /slow/ { alias root/; limit_rate 64k; }
        location /private/ { alias root/; auth_basic private; auth_basic_user_file users; }

        location /moved/ { rewrite ^/moved/(.*) /\$1 permanent; }
        location /found/ { absolute_redirect off; rewrite ^/found/(.*) /\$1 redirect; }
        location = /to-other { return 303 /; }
        location = /to-temporary { return 307 /; }
        location = /to-permanent { return 308 /; }
        location = /to-file { return 302 file:///etc/passwd; }
        location = /to-metadata { return 302 http://169.254.169.254/latest/meta-data/; }
        location = /to-neighbour { return 302 http://127.0.0.2:$port/; }
        location = /to-number { return 302 http://2130706434:$port/; }
        location = /to-port { return 302 http://127.0.0.1:1/; }
        location = /to-nothing { return 302 http://; }
        location = /to-loop { return 302 /to-loop; }
        location /to-private/ {
            rewrite ^/to-private/(.*) http://user:pass%20word@127.0.0.1:$port/private/\$1 redirect;
        }
CONF
    for hop in 1 2 3 4 5 6; do
        printf '        location /hops-%s/ { rewrite ^/hops-%s/(.*) %s redirect; }\n' \
            $hop $hop "$( ((hop > 1)) && echo "/hops-$((hop - 1))/\$1" || echo "/\$1")"
    done
    for status in 400 401 403 404 410 429 451 500 502 503; do
        printf '        location = /status-%s { return %s; }\n' $status $status
    done
    printf '    }\n}\n'
}
