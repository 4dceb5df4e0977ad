// What the views of an Entry point into.
#pragma once

#include "base/buffer.h"
#include "json/document.h"
#include "ledger/entry.h"

#include <deque>
#include <string>
#include <vector>

namespace sallyport::ledger {

struct Entry::Memory {
    Buffer raw;
    json::Document document;
    std::deque<std::string> unescaped;               // texts that held escapes
    std::deque<std::vector<std::string_view>> lists; // candidates, plugins, …
    std::vector<NamedFile> files;
    std::vector<NamedFinding> findings, disclosed, disputed;
    std::vector<NamedSource> sources;
    std::vector<NamedHost> hosts;
    std::vector<NamedGrant> grants;
    std::vector<policy::Exception> exceptions;
};

} // namespace sallyport::ledger
