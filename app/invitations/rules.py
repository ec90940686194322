"""Pure rules of asking: where a review link leads, how often one person is asked."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote, urlsplit

# A person who ordered ten times this week is asked about a few of them, not mailed ten times (and an API
# key in the wrong hands is no way to flood somebody's mailbox).
MAX_PER_ADDRESS = 3
ADDRESS_WINDOW = dt.timedelta(days=7)


def review_url(external_url: str, site_key: str, page_url: str | None, slug: str, secret: str) -> str:
    """The link behind which a purchase is reviewed.

    The token stands in the fragment, which browsers send to no server and name in no Referer.
    """
    if page_url is None:
        return f"{external_url}/widgets/v1/{site_key}/form?subject={quote(slug)}#token={secret}"
    return urlsplit(page_url)._replace(fragment=f"avouch={secret}").geturl()
