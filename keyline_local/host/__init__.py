"""What the platform needs of the machine: ports, child processes, loopback servers and clients."""
