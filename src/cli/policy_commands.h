// What `sallyport policy` is made of; each adds its sub-command to the group.
#pragma once

#include "cli/commands.h"

namespace sallyport::cli {

void add_policy_prove(CLI::App& group, int& exit_code);
void add_policy_diff(CLI::App& group, int& exit_code);
void add_policy_what_if(CLI::App& group, int& exit_code);
void add_policy_sign(CLI::App& group, int& exit_code); // and signer
void add_policy_test(CLI::App& group, int& exit_code);

} // namespace sallyport::cli
