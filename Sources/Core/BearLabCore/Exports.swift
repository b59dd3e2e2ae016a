// What a plug-in's author names in nearly every file, so that one import is enough.
@_exported public import BearLabErrors
@_exported public import BearLabTrie
