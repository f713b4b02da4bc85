"""Results about sparse layers: densities by powers of ten, experts, gamma, and files of latents."""
