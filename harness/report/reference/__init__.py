"""Our numbers beside a paper's: what can be compared, the values, and its claims.

`harness report RUN --reference paper` adds this to the report. Where the run has another benchmark
or another pair, numbers are not compared; the claims and the paper's values stay, as context.
"""

from __future__ import annotations
