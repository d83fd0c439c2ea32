"""Publishing: the arms as a data set in the layout of the Hub, in a folder or on the Hub."""

from __future__ import annotations
