"""The image's health check: is this web server ready? Exits 0 where it is.

Asks under the public host's name, for the application answers to no other.
"""

from __future__ import annotations

import http.client
import os
import sys
from urllib.parse import urlsplit


def main() -> int:
    """The exit status."""
    host = urlsplit(os.environ.get("AVOUCH_EXTERNAL_URL", "")).netloc
    try:
        connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("GRANIAN_PORT", "8000")), timeout=4)
        connection.request("GET", "/readyz", headers={"Host": host})
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
