// One client, inspected as it lies there. Start here: inspect() walks over its files, looks at each once, and puts together what was found.
#pragma once

#include "base/error.h"
#include "lab/client_files.h"
#include "lab/finding.h"
#include "lab/package.h"
#include "lab/scanner.h"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sallyport::lab {

struct InspectedFile {
    std::string path;
    std::uint64_t size = 0;
    std::string sha256; // hexadecimal
    std::string form;
    std::size_t embedded = 0; // files that it carries
};

// Findings that stand together: what one function does shows several times.
struct Group {
    enum class Verdict : std::uint8_t { marker, concealed, notable, mention };
    Verdict verdict = Verdict::mention;
    std::string sentence;
    std::vector<std::size_t> findings; // of Inspection::findings, in the order of the file
};
std::string_view name_of(Group::Verdict verdict);

struct Inspection {
    std::string path; // as it was named
    Walked walked;
    PackageFacts package;
    std::vector<InspectedFile> files;
    std::vector<Finding> findings;
    std::vector<Group> groups; // worst first
    std::vector<Name> names;
    Coverage coverage;
    std::string notes; // the CHANGELOG that lies in the package

    std::string title() const;    // "name 1.2.3", or the path
    std::string verdict() const;  // one sentence
    bool found_something() const; // a marker or something concealed
};

Result<Inspection> inspect(const std::filesystem::path& path, const std::function<void(std::uint64_t bytes)>& progress);
// The same of packages that lie in memory, as one client. `prefix` stands before the names of its files.
struct NamedPackage {
    std::string prefix;
    std::string_view bytes;
};
Result<Inspection> inspect_packages(std::span<const NamedPackage> packages, std::string name,
                                    const std::function<void(std::uint64_t bytes)>& progress);

} // namespace sallyport::lab
