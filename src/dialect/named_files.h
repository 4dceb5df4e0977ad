// Which files a tool call names: a heuristic for the ledger ("files named in tool calls", marked as such), never a proof of
// what was read. Inside this folder only.
//
// Known to be missed: paths built by shell expansion, scripts, globs, `cd`, tools whose argument for a path has another name.
#pragma once

#include "json/document.h"

#include <functional>
#include <string_view>

namespace sallyport::dialect {

using FoundFile = std::function<void(std::string_view path)>;

// Every string under a key such as file_path or path, at any depth, and paths in shell commands under command or cmd.
void files_in_arguments(const json::Document&, json::NodeIndex arguments, const FoundFile&);

// The input of a custom tool: headers of codex's apply_patch, and the commands in the JavaScript of its code mode.
void files_in_text(std::string_view text, const FoundFile&);

// `cat`, `head`, `tail`, `nl`, `sed` and their like with plain arguments.
void files_in_command(std::string_view command, const FoundFile&);

// Whether files_in_arguments() could find anything in this JSON text: cheap, before it is parsed. Escaped keys are not known to
// occur here.
bool may_name_files(std::string_view json);

} // namespace sallyport::dialect
