"""People as raters: the covers they are asked about, what they said, and how far they agree."""
