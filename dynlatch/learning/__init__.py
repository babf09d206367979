"""Learning to latch: tasks, networks, algorithms, and the one loop that trains (BSF94, Sections II, III and V)."""
