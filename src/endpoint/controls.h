// A policy in the words of each client's own company settings, which stop early and tell the person. They are guard rails: the gateway is
// what enforces. What a client cannot be told is listed too, so that nobody takes its file for the policy. Paths and words as measured
// with the versions of docs/clients.md; settings hold for a whole machine, so they say what holds for every repository.
#pragma once

#include "base/error.h"
#include "endpoint/clients.h"
#include "policy/model.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::endpoint {

struct ControlsOptions {
    std::string gateway; // "https://gateway.example", without a path; empty: the client signed in there and knows it
    std::optional<policy::Class> cls; // only repositories of this class are worked on with it; else any
    std::vector<std::string> models;  // names that the policy's patterns stand for; clients take no patterns
};

enum class Held : std::uint8_t { by_client, partly, at_gateway };
std::string_view name(Held);

// One thing that the policy says, and who holds it.
struct Statement {
    std::string what; // "rule no-preview-models (policy.yaml:61:5)"
    Held held = Held::at_gateway;
    std::string how;
};
struct Controls {
    std::vector<std::pair<std::string, std::string>> files; // path and text
    std::vector<Statement> statements;                      // all that the policy says, in its order
};

// Errors: the policy does not approve the client; a model that it lets nobody use.
Result<Controls> controls(const policy::Document& document, const Client& client, const ControlsOptions& options);

} // namespace sallyport::endpoint
