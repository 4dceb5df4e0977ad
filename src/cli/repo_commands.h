// What `sallyport repo` is made of beside index, list, search and forget; each adds its sub-command to the group.
#pragma once

#include "cli/commands.h"

namespace sallyport::cli {

void add_repo_classify(Command& group, int& exit_code);

} // namespace sallyport::cli
