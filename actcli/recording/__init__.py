"""Statistics of units that are recorded while a program runs, epoch by epoch, without any framework."""
