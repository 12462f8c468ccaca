"""One query of one source → albums in the store, politely, incrementally, without losing any."""
