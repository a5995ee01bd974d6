"""Git: the network by git itself, the objects by pygit2.

- `errors`: what can go wrong with a repository, as values
- `process`, `settings`: one git process with a deadline and an environment made from nothing
- `messages`, `answer`, `complaints`, `diagnosis`: from what git says to errors
- `credentials`: what git is told of keys and tokens, without leaving them anywhere
- `remote`: what a server advertises, and a commit fetched from it
- `repository`: the bare repository on this disk; `healing`, `packs`, `wholeness`, `tidying`,
  `durable`: what keeps it good and small
- `objects`, `trees`: its trees and blobs, as the core wants them
"""
