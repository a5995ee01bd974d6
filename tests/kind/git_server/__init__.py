"""A git server for tests in a cluster: `git http-backend` behind TLS, and sshd. See `__main__`."""
