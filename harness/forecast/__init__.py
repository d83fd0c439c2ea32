"""Forecasts: what larger pools will show, and which side wins where, from small pilots."""
