"""How many inputs a target is given, compared with others: few where one takes milliseconds."""

SHARES = {"checkpoint": 0.03, "config": 0.05, "cache_entry": 0.3, "instance_mask": 0.3}
