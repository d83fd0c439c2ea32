"""What runs inside the sandboxes: sources that import the standard library and each other.

`harness` is not there. `harness.grading.code.sources` joins them into one text for `python -c`.
"""
