"""Speed against peers: not part of the package, run from a checkout."""
