"""WC against SE from two stored pools: matched, paired by problem, with its uncertainty."""
