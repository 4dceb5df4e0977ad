// Which program is calling, from what it says of itself in its headers: a claim, good for rules about versions, never for trust.
// The forms are as measured in docs/clients.md.
#pragma once

#include <string_view>

namespace sallyport::identity {

// The values of the headers that clients tell themselves by; empty where absent.
struct ClientHeaders {
    std::string_view user_agent{};
    std::string_view originator{};       // codex
    std::string_view interaction_type{}; // x-interaction-type: copilot
    std::string_view initiator{};        // x-initiator: copilot
};

// Views the headers or literals. `version` is empty where none was sent, "unknown" is the name of what is not recognised.
struct Client {
    std::string_view name = "unknown";
    std::string_view version;
    bool inferred = false; // the name was concluded from other headers, since the client does not send it
};

Client identify_client(const ClientHeaders& headers);

} // namespace sallyport::identity
