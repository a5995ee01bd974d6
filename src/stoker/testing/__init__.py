"""For tests of what uses Stoker, and for its own: a fake gateway, and makers of repositories."""
