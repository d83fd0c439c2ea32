"""What pools hold and what they took: tokens, FLOPs, dollars, seconds, and what was planned."""
