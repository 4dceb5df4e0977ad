// What the sub-commands of `sallyport advisory` have in common.
#pragma once

#include "catalog/advisory_files.h"
#include "cli/arguments.h"

#include <memory>
#include <string>
#include <vector>

namespace sallyport::cli {

// Of the installation; complains and leaves the exit code where they cannot be read.
std::shared_ptr<const catalog::Advisories> open_advisories(const std::string& config, int& exit_code);
// Whom it is about: "claude-code >=2.1.91 <2.1.198"; a package that is no known client by its own name.
std::vector<std::string> affected_words(const catalog::Advisory& advisory);

void add_advisory_keep(Command& group, int& exit_code); // import | remove
void add_advisory_sign(Command& group, int& exit_code);

} // namespace sallyport::cli
