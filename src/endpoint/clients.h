// The coding clients that can be started: what each is, and how it is told, for one run, that its way out is the gateway. Nothing of
// the person's own settings is touched: environment, arguments, and files that only the boundary shows, at the places where each
// client looks for its company's settings. Measured with the versions of docs/clients.md.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::endpoint {

// What one run of a client needs to know.
struct Way {
    std::string root;  // "http://127.0.0.1:4242", without a path: the gateway as seen inside
    std::string model; // empty: the client's own choice
};
struct Setting {
    std::vector<std::string> arguments; // before the person's own
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::pair<std::string, std::string>> files; // path inside and text
};

struct Client {
    std::string_view word;    // "claude", as people say it
    std::string_view name;    // "claude-code", as policy and ledger name it
    std::string_view program; // in PATH
    std::string_view package; // of npm
    Setting (*setting)(const Way& way);
};
std::span<const Client> clients();
const Client* find_client(std::string_view word); // by word or name; nullptr

// An installed client.
struct Installed {
    std::filesystem::path program;            // as found
    std::filesystem::path file;               // what it leads to
    std::vector<std::filesystem::path> roots; // folders with all that it needs, its interpreter's too; shown inside
    std::string version;                      // empty: nothing says it
};
// As a shell finds it in `path` ("/usr/bin:/bin"). Errors: it is not there.
Result<Installed> find_installed(const Client& client, std::string_view path);
// "claude" in the folders of `path`, in their order; empty: none.
std::filesystem::path find_in_path(std::string_view program, std::string_view path);

} // namespace sallyport::endpoint
