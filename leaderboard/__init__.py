"""The leaderboard of SE against WC: entries, and the evidence behind them."""

from __future__ import annotations
