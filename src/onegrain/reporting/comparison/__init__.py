"""Any number of runs, laid over each other."""
