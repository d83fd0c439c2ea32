"""Interchange: samples from elsewhere into pools, and pools into files that others read.

What comes in is a stranger's: every row is checked before any of them is kept, and each bad
one is reported with its place. Files are streamed, so memory does not grow with them.
"""

from __future__ import annotations
