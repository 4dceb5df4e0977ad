// What `sallyport policy` is made of; each adds its sub-command to the group.
#pragma once

#include "cli/commands.h"
#include "policy/mistake.h"

#include <span>
#include <string_view>

namespace sallyport::json {
class Writer;
}

namespace sallyport::cli {

void add_policy_prove(Command& group, int& exit_code);
void add_policy_diff(Command& group, int& exit_code);
void add_policy_what_if(Command& group, int& exit_code);
void add_policy_sign(Command& group, int& exit_code); // and signer
void add_policy_test(Command& group, int& exit_code);
void add_policy_fmt(Command& group, int& exit_code);
void add_policy_compile(Command& group, int& exit_code);

// A member: the list of {file, line, column, sentence}.
void write_mistakes(json::Writer& writer, std::string_view name, std::span<const policy::Mistake> mistakes);

} // namespace sallyport::cli
