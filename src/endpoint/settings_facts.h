// What a settings file says: where model calls go, which plugins there are, what runs by itself, which questions are switched off, what is
// reported. Over the flat list of settings.h; knows names, not files.
#pragma once

#include "endpoint/discover.h"
#include "endpoint/settings.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

struct SettingsSource {
    std::string client;       // "claude-code"; empty: an editor's, or nobody's in particular
    std::string place;        // as shown
    bool servers = false;     // "servers" holds MCP servers (VS Code's mcp.json)
    bool states_only = false; // a company's requirements: what they name is not installed by them
    bool hooks = false;       // all of it is hooks
};
void add_settings_facts(Look& look, const std::vector<FileSetting>& settings, const SettingsSource& source);

// Variables of clients, wherever they are set: base URLs, proxies, telemetry, bypasses, keys. `computed`: the value is not known.
void add_variable_fact(Look& look, std::string_view name, std::string_view value, bool computed,
                       const std::string& place, std::size_t line, const std::string& known_by);
// The client that obeys a base URL variable; nothing: of none of the six.
struct BaseUrlVariable {
    std::string_view name, client;
};
const BaseUrlVariable* base_url_variable(std::string_view name);
// Words on a command line that switch off questions ("--yolo"), and whether the command is `sallyport run`.
void add_invocation_facts(Look& look, const std::vector<Invocation>& invocations, const std::string& place);

// "npx @acme/server": what is started, without what could be secret.
std::string shown_command(const std::vector<std::string>& words);

} // namespace sallyport::endpoint
