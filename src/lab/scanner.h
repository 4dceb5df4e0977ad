// One client's files, one after the other: whatever is text in them is looked at, source code most closely. A native program is looked at
// as a whole, and the files that it carries as such. One thread.
#pragma once

#include "lab/concealed.h"
#include "lab/embedded.h"
#include "lab/findings.h"
#include "lab/inventory.h"

#include <map>
#include <string>
#include <string_view>

namespace sallyport::lab {

// What was looked at, and what was not: "nothing found" means nothing without it.
struct Coverage {
    std::uint64_t files = 0, bytes = 0;
    std::uint64_t source_files = 0, source_bytes = 0; // looked at as source code, embedded ones among them
    std::uint64_t native_bytes = 0;                   // of which the strings were looked at
    std::map<std::string, std::uint64_t> not_covered; // sentence -> how often
    std::map<std::size_t, std::uint64_t> digests;     // hexadecimal digits -> literals that nobody can read
};

class Scanner {
public:
    void scan(const std::string& path, std::string_view bytes);

    Findings& findings() { return findings_; }
    Inventory& inventory() { return inventory_; }
    Coverage& coverage() { return coverage_; }

private:
    void scan_text(const std::string& path, const std::string& part, std::uint64_t base, std::string_view text);
    void scan_source(std::string_view text);
    void scan_program(const std::string& path, std::string_view bytes);
    void scan_embedded(const std::string& path, std::string_view program, const Embedded& file);
    void scan_runs(std::string_view bytes);

    Findings findings_;
    Inventory inventory_;
    Coverage coverage_;
};

} // namespace sallyport::lab
