"""Great Expectations, kept to itself: what must hold before anything is trained."""
