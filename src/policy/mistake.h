// What is wrong with a document that a person wrote, and where. All of them are collected before anything is refused, so that
// one look at the list is enough to mend the file.
#pragma once

#include <string>

namespace sallyport::policy {

// A place in a document; lines and columns (in bytes) count from 1, 0 means the document as a whole.
struct Place {
    int line = 0;
    int column = 0;
};

struct Mistake {
    std::string file;
    int line = 0;   // from 1
    int column = 0; // from 1
    std::string sentence;
    std::string text() const; // "policy.yaml:12:5: unknown word 'repositorys'; did you mean 'repositories'?"
};

} // namespace sallyport::policy
