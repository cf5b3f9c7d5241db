"""Starts a reverse proxy on a free port: `proxy.py nginx|haproxy version`, `… proxy ws://HOST:PORT`."""

import re
import socket
import subprocess
import sys
import time
from pathlib import Path

# What each proxy's manual says about WebSockets, and no more. The folder is for its temporary files.
NGINX = """
daemon off;
worker_processes 1;
error_log stderr;
pid {folder}/pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://{upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }}
    }}
}}
"""
HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
frontend websocket
    bind 127.0.0.1:{port}
    default_backend echo
backend echo
    server echo {upstream}
"""
PROXIES = {
    "nginx": (NGINX, ["nginx", "-e", "stderr", "-c"], ["nginx", "-v"]),
    "haproxy": (HAPROXY, ["haproxy", "-db", "-f"], ["haproxy", "-v"]),
}


def version(name, command):
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"(?:version |/)(\d[\w.]*)", said.stdout + said.stderr)
    print(found[1] if found else "unknown")


def run(name, template, command, upstream):
    port = free_port()
    folder = Path(name).absolute()
    folder.mkdir(exist_ok=True)
    file = folder / "proxy.conf"
    file.write_text(template.format(folder=folder, port=port, upstream=upstream))
    process = subprocess.Popen([*command, str(file)], stdout=sys.stderr)
    wait_for(port, process)
    print(f"listening on ws://127.0.0.1:{port}", flush=True)
    sys.exit(process.wait())


def free_port():
    """Neither proxy says which port it got, so it is chosen before. Another program may be faster, which
    `wait_for` notices because the proxy ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"the proxy ended with {process.returncode}")


match sys.argv[1:]:
    case [name, "version"]:
        version(name, PROXIES[name][2])
    case [name, "proxy", url]:
        run(name, *PROXIES[name][:2], url.removeprefix("ws://"))
    case _:
        sys.exit(__doc__)
