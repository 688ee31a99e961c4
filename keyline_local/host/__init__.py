"""The machine below the platform: ports, child processes, loopback servers and clients."""
