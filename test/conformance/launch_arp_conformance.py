"""Runs the installed arp-conformance tool, unchanged.

Its schemas refer to each other by relative references below arp:// URIs. urllib.parse.urljoin, which the tool's `referencing`
library uses, resolves relative references only for URI schemes that it knows, so every check would end in
"Unresolvable: status.schema.json". Making the scheme known is all that happens here. See docs/decisions/0011.
"""

import sys
import urllib.parse

urllib.parse.uses_relative.append("arp")
urllib.parse.uses_netloc.append("arp")

from arp_conformance.cli import main  # noqa: E402

sys.exit(main())
