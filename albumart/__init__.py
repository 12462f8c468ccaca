"""Judge an album by its cover, on schedule.

The package is one sentence, and its modules are the sentence's words, in order:

a **source** yields pages → a page is parsed into **albums** → albums are stored (``stores``) → each
album's **cover** is fetched, checked and stored (``covers``, ``images``) → stored things become a
manifest (``dataset``) → the manifest is validated (``validation``) → split → decoded once into an
image cache → **features** → a **model** is trained (``training``) → evaluated on a frozen test
split (``holdout``, ``evaluation``) and trained again to see what chance and leakage do (``trials``)
→ promoted, or refused with the reason (``gate``, ``verdict``, ``promotion``, ``registry``) →
reported (``reports``), shown where it looks (``explain``) and held against people (``guessing``) →
the champion answers predictions (``serving``, ``similar``, ``web``) and scores every stored cover
(``scoring``).

The data walks one way: a later station imports an earlier one, never the reverse. ``tasks`` and
``flows`` put Prefect around it; ``cli`` is the outermost door.
"""

__version__ = "0.1.0"
