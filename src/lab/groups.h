// What stands together is judged together: a comparison with a time zone alone means little, beside a choice of look-alikes much. Pure.
#pragma once

#include "lab/inspection.h"

#include <vector>

namespace sallyport::lab {

// Raises the confidence of findings that support each other. Worst group first.
std::vector<Group> group(std::vector<Finding>& findings);

// Many names as few lines: by domain, by prefix, by folder.
struct NameGroup {
    Subject subject = Subject::host;
    std::string label; // "example.com", "ACME_*"
    std::vector<const Name*> names;
};
// At most `lines` of each subject; the last one then holds all others ("others").
std::vector<NameGroup> group(const std::vector<Name>& names, std::size_t lines);

} // namespace sallyport::lab
