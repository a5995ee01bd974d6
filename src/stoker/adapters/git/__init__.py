"""Git: the network by git itself, the objects by pygit2.

- `errors`: what can go wrong with a repository, as values
- `process`: one git process with a deadline, and nothing around it that it does not need
- `credentials`: what git is told of keys and tokens, without leaving them anywhere
- `remote`: what a server advertises, and a commit fetched from it
- `repository`: the bare repository on this disk: healed, bounded, read
- `objects`: its trees and blobs, as the core wants them
"""
