// A policy's entry for one repository, added or changed line by line: the text as it would be, and the difference as a patch, for people to
// review. Text in, text out; nothing is written. Pure, any thread.
#pragma once

#include "base/error.h"
#include "policy/facts.h"

#include <string>
#include <string_view>

namespace sallyport::policy {

// The pattern that matches the name: itself, with '?' for what no pattern may hold (blanks, '*', '\').
std::string pattern_of(std::string_view repository);
// "{ match: "git.acme.example/core/engine", class: internal }"
std::string entry_line(std::string_view repository, Class cls);

// What the first entry that counts says of the repository in this one file.
struct EntryFound {
    int line = 0; // from 1; 0: no entry counts
    std::string match;
    Class cls = Class::trade_secret;
};
// Fails, as with_entry(), where the text is no policy that can be read ("file:line:column: …").
Result<EntryFound> entry_for(std::string_view text, std::string_view repository);

// The text with this class for the repository. An entry of that very name is changed where it is the one that counts; else a new one comes
// before it, which keeps what that one says beside the class (paths, legal_entity). Fails besides where the section is laid out so that
// a line cannot be put into it safely: the message holds the entry to be written by hand.
Result<std::string> with_entry(std::string_view text, std::string_view repository, Class cls);

// One hunk from the first line that differs to the last, as `git apply` and `patch -p1` take it (POSIX diff -u); empty: none differs.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view path);

} // namespace sallyport::policy
