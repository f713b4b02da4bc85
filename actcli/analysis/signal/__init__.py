"""How signals and gradients pass through deep random networks."""
