// Which of the tools that a client offers reads or edits a file, and how a call of it must look so that the client runs it.
// Measured on six clients (docs/clients.md).
#pragma once

#include "json/document.h"
#include "sim/answer.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sim {

// The call that reads `file`; nullopt where no tool offered can. A relative name is made absolute where the request tells
// the working directory, since one client accepts nothing else.
std::optional<ToolCall> call_to_read(Dialect, const json::Document&, std::string_view file);

// The call that puts `after` in the place of `before`, which stands once in the file and begins and ends a line there or not; likewise.
std::optional<ToolCall> call_to_edit(Dialect, const json::Document&, std::string_view file, std::string_view before,
                                     std::string_view after);

// The names of the tools offered, in order, those inside namespaces and additional_tools included.
std::vector<std::string> tools_offered(Dialect, const json::Document&);

// The absolute working directory that the client's own words tell, or empty. Tool definitions are not searched.
std::string working_directory(const json::Document&);

} // namespace sallyport::sim
