// A repository's own files that would send a client, or its key, elsewhere: settings of clients and environment files with an address,
// a proxy, a certificate or a helper for keys. Found before the client starts, which would obey some of them before it asks anybody
// (CVE-2026-21852). Inside the boundary there is no way elsewhere; this is so that people learn of it, with file and line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

struct Redirect {
    std::filesystem::path file; // relative to the workspace
    std::size_t line = 0;       // from 1
    std::string what;           // "ANTHROPIC_BASE_URL"
};
// At most 100. A file that is too large or no text to be read is told by line 0 ("cannot be read").
std::vector<Redirect> find_redirects(const std::filesystem::path& workspace);
// In one text; `file` is for the result only.
std::vector<Redirect> redirects_in(std::string_view text, const std::filesystem::path& file);

} // namespace sallyport::endpoint
