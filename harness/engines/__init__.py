"""Engines at arm's length: environments of their own, reached across a process border.

vLLM and Axolotl pin packages that exclude each other, and neither belongs in the harness's
own environment.
"""

from __future__ import annotations
