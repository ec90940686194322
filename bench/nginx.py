"""The peer for reading: nginx serving the same compressed bytes as a static file."""

from __future__ import annotations

import getpass
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.embedded import free_port
from bench.world import Web, wait_for

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{ worker_connections 512; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  open_file_cache max=100;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/www;
    location / {{
      default_type application/feed+json;
      add_header Content-Encoding gzip;
      add_header Vary Accept-Encoding;
      add_header Access-Control-Allow-Origin *;
      add_header Cache-Control "public, max-age=60, stale-while-revalidate=300, stale-if-error=86400";
    }}
  }}
}}
"""


@contextmanager
def serving(program: str, folder: Path, path: str, gzipped: bytes) -> Iterator[Web]:
    """nginx with `gzipped` at `path`, tuned as it would be for a static file."""
    folder = folder / "nginx"
    file = folder / "www" / path.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(gzipped)
    # Started by root it would serve as nobody, who may not read below our folder.
    peer, user = Web(free_port()), f"user {getpass.getuser()};" if getpass.getuser() == "root" else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=peer.port, user=user), encoding="utf-8")
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")])
    try:
        wait_for(lambda: peer.get(path)[0] == 200)
        yield peer
    finally:
        process.terminate()
        process.wait(10)
