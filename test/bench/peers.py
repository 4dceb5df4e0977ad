"""The configuration of each program under load: the same listener, the same vendor behind it, the same TLS.

Plain or TLS on both sides; with TLS all speak 1.3 with AES-256-GCM and all verify the vendor. Each has one thread and may
keep as many connections to the vendor as it likes.
"""

CIPHER = "TLS_AES_256_GCM_SHA384"

HAPROXY = """\
global
    nbthread 1
    maxconn 8000
    tune.ssl.cachesize 20000
    ssl-default-bind-ciphersuites {cipher}
    ssl-default-server-ciphersuites {cipher}
defaults
    mode http
    timeout connect 10s
    timeout client 600s
    timeout server 600s
    timeout http-keep-alive 600s
    http-reuse always
frontend front
    bind 127.0.0.1:{port}{bind_tls}
    default_backend vendor
backend vendor
    server vendor 127.0.0.1:{vendor_port} pool-purge-delay 600s{server_tls}
"""
HAPROXY_BIND_TLS = " ssl crt {pem} ssl-min-ver TLSv1.3"
HAPROXY_SERVER_TLS = " ssl ssl-min-ver TLSv1.3 verify required ca-file {ca} sni str(localhost) verifyhost localhost"

NGINX = """\
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
worker_rlimit_nofile 16000;
events {{ worker_connections 8000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-f; uwsgi_temp_path {folder}/nginx-u; scgi_temp_path {folder}/nginx-s;
    keepalive_timeout 600s;
    keepalive_requests 100000000;
    client_max_body_size 64m;
    client_body_buffer_size 2m;
    {server}
}}
"""
NGINX_PROXY = """\
upstream vendor {{
        server 127.0.0.1:{vendor_port};
        keepalive 64;
        keepalive_requests 100000000;
        keepalive_timeout 600s;
    }}
    server {{
        listen 127.0.0.1:{port}{listen_tls};
        {tls}
        location / {{
            proxy_pass {scheme}://vendor;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_request_buffering off;
            proxy_buffering {buffering};
            proxy_read_timeout 600s;
        }}
    }}"""
NGINX_TLS = """\
ssl_certificate {crt};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.3;
        ssl_conf_command Ciphersuites {cipher};
        proxy_ssl_protocols TLSv1.3;
        proxy_ssl_conf_command Ciphersuites {cipher};
        proxy_ssl_verify on;
        proxy_ssl_trusted_certificate {ca};
        proxy_ssl_name localhost;
        proxy_ssl_server_name on;"""
NGINX_VENDOR = """\
server {{
        listen 127.0.0.1:{port};
        location / {{
            default_type application/json;
            return 200 '{answer}';
        }}
    }}"""

SALLYPORT = """\
version: 1
data: {data}
policy: policy.yaml
threads: 1
listeners:
  - address: "127.0.0.1:0"
{listener_tls}admin: {{ address: "127.0.0.1:0" }}
upstreams:
  anthropic-eu:
    url: "{scheme}://127.0.0.1:{vendor_port}"
    dialects: [anthropic-messages, openai-responses, openai-chat, gemini]
    credential: "${{env:SIM_KEY}}"
    account: acme-enterprise
{upstream_tls}"""

# One page as a company would write it; the load is allowed by the first rule, as most of real work is.
POLICY = """\
version: 1
repositories:
  - { match: "github.com/acme/website", class: open-source }
  - { match: "github.com/acme/oss-**", class: open-source }
  - { match: "git.acme.example/core/**", class: trade-secret }
  - { match: "git.acme.example/deploy/**", class: secret-bearing }
  - { match: "git.acme.example/clients/**", class: customer, legal_entity: acme-gmbh }
  - { match: "git.acme.example/**", class: internal }
unknown_repository: customer
claims_lower_to: internal
clients:
  claude-code: { versions: ">=2.1.198" }
  codex: { versions: ">=0.160.0" }
  gemini-cli: { versions: ">=0.60.0" }
  opencode: { versions: ">=1.18.0" }
upstreams:
  anthropic-eu: { vendor: anthropic, hosting: vendor, region: eu, contract: enterprise-2026, training: never }
plugins:
  github-mcp: { classes: [open-source, internal] }
  "*": { classes: [open-source] }
rules:
  - id: open-code-any-approved-vendor
    when: { class: [open-source, internal] }
    allow: { upstreams: [anthropic-eu], models: ["claude-*", "qwen-*"] }
  - id: customer-code-under-contract
    when: { class: customer, contract: enterprise-2026 }
    allow: { upstreams: [anthropic-eu], models: ["claude-*"], clients: [claude-code], plugins: [] }
    record: durable-first
  - id: no-preview-models
    when: { model: "*-preview" }
    refuse: "Preview models are not covered by our contract."
  - id: no-remote-mcp
    when: { references: remote-mcp }
    refuse: "MCP servers that the vendor calls itself are not approved."
invariants:
  - never: { class: [trade-secret, secret-bearing], hosting: vendor }
"""


def haproxy(port, vendor_port, tls):
    return HAPROXY.format(port=port, vendor_port=vendor_port, cipher=CIPHER,
                          bind_tls=HAPROXY_BIND_TLS.format(**tls) if tls else "",
                          server_tls=HAPROXY_SERVER_TLS.format(**tls) if tls else "")


def nginx(folder, port, vendor_port, tls, streams):
    server = NGINX_PROXY.format(port=port, vendor_port=vendor_port, scheme="https" if tls else "http",
                                listen_tls=" ssl" if tls else "", buffering="off" if streams else "on",
                                tls=NGINX_TLS.format(cipher=CIPHER, **tls) if tls else "")
    return NGINX.format(folder=folder, server=server)


def nginx_vendor(folder, port, answer):
    return NGINX.format(folder=folder, server=NGINX_VENDOR.format(port=port, answer=answer))


def sallyport(data, vendor_port, tls):
    listener = "    tls: {{ certificate: {crt}, key: {key} }}\n".format(**tls) if tls else ""
    upstream = "    ca: {ca}\n".format(**tls) if tls else ""
    return SALLYPORT.format(data=data, vendor_port=vendor_port, scheme="https" if tls else "http",
                            listener_tls=listener, upstream_tls=upstream)
