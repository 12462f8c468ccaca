"""Speed against named peers and limits, each pair in one run."""
