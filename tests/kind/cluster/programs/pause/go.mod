module stoker.test/pause

go 1.24.0
