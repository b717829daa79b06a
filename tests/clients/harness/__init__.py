"""What the client tests stand on: a server, identities in front of it, disk images, and the clients."""
