"""Which units are dead, how sure that is, and why."""
