"""The sources on one local server: recorded wire formats, made covers, faults on request."""
